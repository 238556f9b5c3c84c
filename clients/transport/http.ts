import { performance } from "node:perf_hooks";
import { authority, deadlineExceeded, noConnection, unavailable } from "../address.ts";
import { LARGEST_ANSWER_BYTES, StatusError } from "../codes.ts";
import type { Security } from "../security.ts";
import { CallDeadlines } from "./call-deadlines.ts";
import { decoded } from "./content-coding.ts";
import { writeGathered } from "./gathered.ts";
import { type HttpResponse, ResponseReader } from "./response.ts";
import { LastSaid } from "./last-said.ts";
import type { ResponseHead } from "./response-head.ts";
import { connectTimed, connectTimedTls, type TimedSocket } from "./timed-socket.ts";
import type { GatheredMessage } from "./protobuf-writer.ts";

/** What came back of one HTTP exchange, whatever its status, with the marks seen (`performance.now`, ms). */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** Bytes of the body as it came: fewer, where something between has compressed it. */
  readonly wireBytes: number;
  /** Bytes of JSON at its beginning, before binary tensors (KServe); undefined: the head does not say. */
  readonly jsonLength: number | undefined;
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly lastByteAt: number;
}

/** A request's body that is not one piece of JSON: pieces, which go to the kernel uncopied, and what the head says of them. */
export interface HttpBody extends GatheredMessage {
  readonly type: string;
  /** Further header lines, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The exchange under way. */
interface Pending {
  read(bytes: Buffer): void;
  ended(): void;
  failed(error: Error): void;
}

/** One HTTP/1.1 connection, kept from exchange to exchange, one at a time; a request goes to the kernel in one gathered write. */
export class HttpConnection {
  readonly #address: string;
  readonly #port: number;
  readonly #security: Security | undefined;
  readonly #headers: string;
  #socket: TimedSocket | null = null;
  #pending: Pending | null = null;
  readonly #answered = new LastSaid<ResponseHead>();
  readonly #deadlines = new CallDeadlines();
  #asked = { method: "", path: "", bytes: -1, ...JSON_BODY, head: Buffer.alloc(0) };
  /** A longer answer is given up. */
  largestAnswerBytes = LARGEST_ANSWER_BYTES;

  constructor(address: string, port: number, security?: Security) {
    this.#address = address;
    this.#port = port;
    this.#security = security;
    const token = security?.token === undefined ? [] : [`authorization: Bearer ${oneLine(security.token)}`];
    this.#headers = [
      `host: ${authority(address, port)}`,
      "connection: keep-alive",
      "accept-encoding: identity",
      ...token,
    ].join("\r\n");
  }

  /** Connects. Throws UserError that names address and protocol (`title`) where there is no connection within `timeoutMs`. */
  async open(timeoutMs: number, title = "HTTP"): Promise<void> {
    try {
      await this.#connect(timeoutMs);
    } catch (error) {
      throw noConnection(title, this.#address, this.#port, error);
    }
  }

  /** Reconnects where the last connection is gone, so that no call's time has a connect in it. Throws StatusError. */
  async ready(timeoutMs: number): Promise<void> {
    if (this.#socket !== null && !this.#socket.destroyed && !this.#socket.readableEnded) return;
    try {
      await this.#connect(timeoutMs);
    } catch (error) {
      throw unavailable(this.#address, this.#port, error);
    }
  }

  /**
   * One exchange. Throws StatusError where there is no whole answer: DEADLINE_EXCEEDED, or UNAVAILABLE where the
   * connection broke, the body was shorter than promised or in a coding that nobody knows, or the peer does not speak HTTP; RESOURCE_EXHAUSTED where the
   * answer is larger than any may be.
   */
  exchange(
    method: "GET" | "POST",
    path: string,
    body: Buffer | HttpBody | null,
    timeoutMs: number,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      if (socket === null || socket.destroyed)
        return reject(unavailable(this.#address, this.#port, "the connection is closed"));
      if (this.#pending !== null) return reject(new Error("one exchange at a time"));
      // Before anything is begun: a path that cannot be sent leaves the connection as it was.
      const head = this.#head(method, path, body);
      const reader = new ResponseReader(this.largestAnswerBytes, this.#answered);
      const settle = (keep: boolean) => {
        over();
        this.#pending = null;
        if (!keep) this.#drop(socket);
      };
      const failed = (error: unknown) => {
        settle(false);
        reject(error instanceof StatusError ? error : unavailable(this.#address, this.#port, error));
      };
      const read = (next: () => HttpResponse | undefined) => {
        try {
          const response = next();
          if (response === undefined) return;
          const lastByteAt = performance.now();
          const { status, firstByteAt, coding, jsonLength } = response;
          const body = decoded(response.body, coding, this.largestAnswerBytes);
          // An answer that came before all was sent: the rest of the request is nobody's.
          const sent = socket.writableLength === 0;
          settle(response.kept && sent);
          const sentAt = sent && socket.flushedAt > 0 ? socket.flushedAt : firstByteAt;
          resolve({ status, body, jsonLength, wireBytes: response.body.length, sentAt, firstByteAt, lastByteAt });
        } catch (error) {
          failed(error);
        }
      };
      const late = () => failed(deadlineExceeded(this.#address, this.#port, timeoutMs));
      const over = this.#deadlines.add(performance.now() + timeoutMs, late);
      this.#pending = {
        read: (bytes) => read(() => reader.take(bytes)),
        ended: () => read(() => reader.end()),
        failed,
      };
      socket.flushedAt = 0;
      writeGathered(socket, [head, ...piecesOf(body)]);
    });
  }

  /** The request's head: the last one again where nothing in it differs, as most often. Throws where it cannot be sent. */
  #head(method: string, path: string, body: Buffer | HttpBody | null): Buffer {
    const [asked, form, bytes] = [this.#asked, formOf(body), body === null ? -1 : body.length];
    const same = asked.method === method && asked.path === path && asked.bytes === bytes;
    if (same && asked.type === form.type && asked.headers === form.headers) return asked.head;
    const more = Object.entries(form.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const sized = body === null ? "" : `content-type: ${form.type}\r\ncontent-length: ${bytes}\r\n${more.join("")}`;
    const head = Buffer.from(`${method} ${oneLine(path)} HTTP/1.1\r\n${this.#headers}\r\n${sized}\r\n`, "latin1");
    this.#asked = { method, path, bytes, ...form, head };
    return head;
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (socket !== null) this.#drop(socket);
    this.#pending?.failed(new Error("closed"));
    return Promise.resolve();
  }

  async #connect(timeoutMs: number): Promise<void> {
    const where = { host: this.#address, port: this.#port };
    let [connected, unasked] = [undefined as TimedSocket | undefined, false];
    const read = (bytes: Buffer) => {
      if (this.#pending !== null && this.#socket === connected) return this.#pending.read(bytes);
      // What nobody has asked for (an HTTP 408 before the end, for one): the connection is not used again.
      unasked = true;
      connected?.destroy();
    };
    const socket =
      this.#security === undefined
        ? await connectTimed(where, timeoutMs, read)
        : await connectTimedTls(where, this.#security, timeoutMs, read);
    const own = (tell: (pending: Pending) => void) => () => {
      if (this.#socket === socket && this.#pending !== null) tell(this.#pending);
    };
    socket.on("error", (error: Error) => own((pending) => pending.failed(error))());
    for (const event of ["end", "close"] as const)
      socket.on(
        event,
        own((pending) => pending.ended()),
      );
    connected = this.#socket = socket;
    if (unasked) socket.destroy();
  }

  #drop(socket: TimedSocket): void {
    if (this.#socket === socket) this.#socket = null;
    socket.destroy();
  }
}

/** A word of a request's head: what ends a line there would begin another one. */
function oneLine(word: string): string {
  if (/[^\x21-\x7e]/.test(word)) throw new Error("a request's path or token has characters that it must not have");
  return word;
}

/** The lines of a head that tell of the body, each with its end. */
const JSON_BODY: Pick<HttpBody, "type" | "headers"> = { type: "application/json", headers: {} };

/** What a request's head says of its body but the length. */
const formOf = (body: Buffer | HttpBody | null): Pick<HttpBody, "type" | "headers"> =>
  body === null || Buffer.isBuffer(body) ? JSON_BODY : body;

function piecesOf(body: Buffer | HttpBody | null): readonly Uint8Array[] {
  if (body === null) return [];
  return Buffer.isBuffer(body) ? [body] : body.pieces;
}
