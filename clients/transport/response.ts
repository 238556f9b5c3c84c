import { performance } from "node:perf_hooks";
import { answerTooLarge } from "../codes.ts";
import { LastHead, NotHttp, headOf } from "./response-head.ts";

/** A whole HTTP/1.1 response, whatever its status. */
export interface HttpResponse {
  readonly status: number;
  readonly body: Buffer;
  /** The connection may carry another exchange. */
  readonly kept: boolean;
  /** When its first byte was read (`performance.now`, ms). */
  readonly firstByteAt: number;
}

/** A status line and its headers have no business to be longer. */
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
  readonly #last: LastHead;
  #state: State = { reads: "head" };
  /** Of a head or a line: what came of it so far. */
  #rest: Buffer = NOTHING;
  #status = 0;
  #kept = true;
  #firstByteAt = 0;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;

  /**
   * @param largestBytes of a body; a longer one is given up
   * @param last the connection's: read and written
   */
  constructor(largestBytes: number, last = new LastHead()) {
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
          const known = this.#rest.length === 0 ? this.#last.match(rest) : undefined;
          if (known !== undefined) {
            this.#status = known.status;
            this.#sized(known.length);
            rest = known.after;
            break;
          }
          if (this.#rest.length < BEGINNING.length) this.#checkBeginning(rest);
          const head = this.#until(HEAD_END, rest, LONGEST_HEAD_BYTES);
          if (head === undefined) return undefined;
          rest = head.after;
          if (this.#readHead(head.text)) return this.#whole(rest);
          const state = this.#state as State;
          if (state.reads === "sized" && this.#kept) this.#last.keep(head.bytes, this.#status, state.left);
          // An interim answer's first byte is none of the answer's.
          if (this.#status === 0) this.#firstByteAt = rest.length === 0 ? 0 : performance.now();
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

  /** Everything up to a mark, which may have come in pieces; undefined where it is still to come. */
  #until(mark: Buffer, bytes: Buffer, longest: number): { text: string; bytes: Buffer; after: Buffer } | undefined {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const at = all.indexOf(mark);
    if ((at < 0 ? all.length : at) > longest) throw new NotHttp("a line or head without end");
    if (at < 0) {
      this.#rest = all === bytes ? Buffer.from(all) : all;
      return undefined;
    }
    this.#rest = NOTHING;
    const end = at + mark.length;
    return { text: all.toString("latin1", 0, at), bytes: all.subarray(0, end), after: all.subarray(end) };
  }

  /** A peer of another protocol may never end what it takes for a head. */
  #checkBeginning(bytes: Buffer): void {
    const begun = Buffer.concat([this.#rest, bytes.subarray(0, BEGINNING.length)]).toString("latin1");
    if (BEGINNING.startsWith(begun.slice(0, BEGINNING.length))) return;
    throw new NotHttp(`the peer does not speak HTTP/1.1: ${JSON.stringify(begun)}`);
  }

  /** @returns whether the response ends with its head */
  #readHead(text: string): boolean {
    const { status, length, chunked, kept } = headOf(text);
    if (status < 200) return false;
    [this.#status, this.#kept] = [status, kept];
    if (status === 204 || status === 304) return true;
    if (chunked) this.#state = { reads: "chunk's line" };
    else if (length === undefined) [this.#state, this.#kept] = [{ reads: "until the end" }, false];
    else this.#sized(length);
    return false;
  }

  #sized(length: number): void {
    if (length > this.#largestBytes) throw answerTooLarge();
    this.#state = { reads: "sized", left: length };
  }

  #keep(bytes: Buffer, state: { left: number }): Buffer {
    const own = bytes.subarray(0, state.left);
    this.#add(own);
    state.left -= own.length;
    return bytes.subarray(own.length);
  }

  #add(bytes: Buffer): void {
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > this.#largestBytes) throw answerTooLarge();
    if (bytes.length > 0) this.#body.push(Buffer.from(bytes));
  }

  #whole(after: Buffer): HttpResponse {
    return {
      status: this.#status,
      body: this.#body.length === 1 ? (this.#body[0] as Buffer) : Buffer.concat(this.#body),
      // Whoever says more than he was asked for is not asked again.
      kept: this.#kept && after.length === 0,
      firstByteAt: this.#firstByteAt,
    };
  }
}
