import { performance } from "node:perf_hooks";
import { answerTooLarge } from "../codes.ts";
import { Body } from "./body.ts";
import { Held } from "./held.ts";
import { LastSaid } from "./last-said.ts";
import { NotHttp, type ResponseHead, headOf } from "./response-head.ts";

/** A whole HTTP/1.1 response, whatever its status. */
export interface HttpResponse {
  readonly status: number;
  /** As it came: coded by `coding`, where that is not empty. */
  readonly body: Buffer;
  readonly coding: string;
  /** Bytes of JSON before the rest of the body, where the head says so. */
  readonly jsonLength: number | undefined;
  /** The connection may carry another exchange. */
  readonly kept: boolean;
  /** When its first byte was read (`performance.now`, ms). */
  readonly firstByteAt: number;
}

/** A status line and its headers have no business to be longer, nor what comes before them (1xx) or after the last chunk. */
const LONGEST_HEAD_BYTES = 64 * 1024;
/** Nor has the line before a chunk. */
const LONGEST_LINE_BYTES = 1024;
const HEAD_END = Buffer.from("\r\n\r\n");
const BEGINNING = "HTTP/1.";
const LINE_END = Buffer.from("\r\n");
const NOTHING: Buffer = Buffer.alloc(0);

type State =
  | { readonly reads: "head" }
  | { readonly reads: "sized"; left: number }
  | { readonly reads: "until the end" }
  | { readonly reads: "chunk"; left: number }
  | { readonly reads: "chunk's line" | "chunk's end" | "trailers" };

/**
 * Reads one HTTP/1.1 response as its bytes come (RFC 9112, sections 4 to 8): sized, chunked or ended by the connection;
 * interim (1xx) responses are passed over. Strict, and as small as it can be: what lies between the kernel and a call's marks is
 * part of what is measured, and a general client there cost 0.06 ms a call. Bytes are copied: the caller may reuse his.
 */
export class ResponseReader {
  readonly #largestBytes: number;
  readonly #last: LastSaid<ResponseHead>;
  #state: State = { reads: "head" };
  /** The beginning of a head or a line. */
  readonly #held = new Held(1024);
  /** Bytes of interim heads and of trailers, which nobody looks at. */
  #besides = 0;
  #head: ResponseHead | undefined;
  #firstByteAt = 0;
  readonly #body = new Body();

  /**
   * @param largestBytes of a body; a longer one is given up
   * @param last what the connection's last answer began with, if it said its length and kept the connection: read and written
   */
  constructor(largestBytes: number, last = new LastSaid<ResponseHead>()) {
    this.#largestBytes = largestBytes;
    this.#last = last;
  }

  /** Takes bytes; gives the response once it is whole. Throws NotHttp, or StatusError RESOURCE_EXHAUSTED: the body is too long. */
  take(bytes: Buffer): HttpResponse | undefined {
    if (bytes.length > 0 && this.#firstByteAt === 0) this.#firstByteAt = performance.now();
    let rest = bytes;
    for (;;) {
      switch (this.#state.reads) {
        case "head": {
          const known = this.#held.length === 0 ? this.#last.match(rest) : undefined;
          if (known !== undefined) {
            this.#head = known.said;
            this.#sized(known.said.length as number);
            rest = rest.subarray(known.length);
            break;
          }
          if (this.#held.length < BEGINNING.length) this.#checkBeginning(rest);
          const head = this.#until(HEAD_END, rest, LONGEST_HEAD_BYTES);
          if (head === undefined) return undefined;
          rest = head.after;
          if (this.#readHead(head.text, head.bytes)) return this.#whole(rest);
          // An interim answer's first byte is none of the answer's.
          if (this.#head === undefined) this.#firstByteAt = rest.length === 0 ? 0 : performance.now();
          break;
        }
        case "sized": {
          rest = this.#keep(rest, this.#state);
          if (this.#state.left > 0) return undefined;
          return this.#whole(rest);
        }
        case "until the end":
          this.#add(rest);
          return undefined;
        case "chunk's line": {
          const line = this.#until(LINE_END, rest, LONGEST_LINE_BYTES);
          if (line === undefined) return undefined;
          rest = line.after;
          const size = /^([0-9a-f]{1,8})[ \t]*(;.*)?$/i.exec(line.text)?.[1];
          if (size === undefined) throw new NotHttp(`a chunk of ${JSON.stringify(line.text.slice(0, 40))} bytes`);
          const left = Number.parseInt(size, 16);
          this.#state = left === 0 ? { reads: "trailers" } : { reads: "chunk", left };
          break;
        }
        case "chunk":
          rest = this.#keep(rest, this.#state);
          if (this.#state.left > 0) return undefined;
          this.#state = { reads: "chunk's end" };
          break;
        case "chunk's end":
        case "trailers": {
          const line = this.#until(LINE_END, rest, LONGEST_LINE_BYTES);
          if (line === undefined) return undefined;
          rest = line.after;
          if (this.#state.reads === "chunk's end") {
            if (line.text !== "") throw new NotHttp("a chunk that is longer than it says");
            this.#state = { reads: "chunk's line" };
          } else if (line.text === "") return this.#whole(rest);
          else this.#pass(line.bytes);
          break;
        }
      }
    }
  }

  /** The peer sends no more: gives the response that the connection's end is the end of, else throws NotHttp. */
  end(): HttpResponse {
    if (this.#state.reads === "until the end") return this.#whole(NOTHING);
    const seen = this.#firstByteAt === 0 ? "before any answer" : "in the middle of an answer";
    throw new NotHttp(`the server closed the connection ${seen}`);
  }

  /** Everything up to a mark, which may have come in pieces, each of them looked at once; undefined where it is still to come. */
  #until(mark: Buffer, bytes: Buffer, longest: number): { text: string; bytes: Buffer; after: Buffer } | undefined {
    const before = this.#held.length;
    const all = before === 0 ? bytes : this.#held.add(bytes);
    const at = all.indexOf(mark, Math.max(0, before - mark.length + 1));
    if ((at < 0 ? all.length : at) > longest) throw new NotHttp("a line or head without end");
    if (at < 0) {
      const fresh = all.subarray(Math.max(0, before - 2));
      if (mark === HEAD_END && (fresh.includes("\n\n") || fresh.includes("\n\r\n")))
        throw new NotHttp("a head whose lines end without CR");
      if (before === 0) this.#held.add(bytes);
      return undefined;
    }
    this.#held.length = 0;
    const end = at + mark.length;
    return { text: all.toString("latin1", 0, at), bytes: all.subarray(0, end), after: all.subarray(end) };
  }

  /** A peer of another protocol may never end what it takes for a head. */
  #checkBeginning(bytes: Buffer): void {
    const begun = Buffer.concat([this.#held.all(), bytes.subarray(0, BEGINNING.length)]).toString("latin1");
    if (BEGINNING.startsWith(begun.slice(0, BEGINNING.length))) return;
    throw new NotHttp(`the peer does not speak HTTP/1.1: ${JSON.stringify(begun)}`);
  }

  /** @returns whether the response ends with its head */
  #readHead(text: string, bytes: Buffer): boolean {
    const head = headOf(text);
    if (head.status < 200) {
      this.#pass(bytes);
      return false;
    }
    this.#head = head;
    if (head.status === 204 || head.status === 304) return true;
    if (head.chunked) this.#state = { reads: "chunk's line" };
    else if (head.length === undefined)
      [this.#state, this.#head] = [{ reads: "until the end" }, { ...head, kept: false }];
    else {
      this.#sized(head.length);
      if (head.kept) this.#last.keep(bytes, head);
    }
    return false;
  }

  /** Bytes that nobody looks at, up to a bound: a peer may not go on like that for ever. */
  #pass(bytes: Buffer): void {
    this.#besides += bytes.length;
    if (this.#besides > LONGEST_HEAD_BYTES) throw new NotHttp("interim answers or trailers without end");
  }

  #sized(length: number): void {
    if (length > this.#largestBytes) throw answerTooLarge(this.#largestBytes);
    this.#state = { reads: "sized", left: length };
  }

  #keep(bytes: Buffer, state: { left: number }): Buffer {
    const own = bytes.subarray(0, state.left);
    this.#add(own);
    state.left -= own.length;
    return bytes.subarray(own.length);
  }

  #add(bytes: Buffer): void {
    if (this.#body.length + bytes.length > this.#largestBytes) throw answerTooLarge(this.#largestBytes);
    this.#body.add(bytes);
  }

  #whole(after: Buffer): HttpResponse {
    const { status, kept, coding, jsonLength } = this.#head as ResponseHead;
    return {
      ...{ status, coding, jsonLength, body: this.#body.whole(), firstByteAt: this.#firstByteAt },
      // Whoever says more than he was asked for is not asked again.
      kept: kept && after.length === 0,
    };
  }
}
