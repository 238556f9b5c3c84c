import { LARGEST_ANSWER_BYTES } from "../../codes.ts";
import { Body } from "../body.ts";
import type { RequestWindow } from "../../client.ts";
import type { HeaderMap } from "./hpack.ts";

/** What came back whole. Times are `performance.now`, ms. */
export interface Received {
  readonly headers: HeaderMap;
  readonly trailers: HeaderMap;
  readonly body: readonly Buffer[];
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly lastByteAt: number;
  readonly requestWindow: RequestWindow;
}

/** One request and its answer on a connection: pure bookkeeping, no I/O. */
export class Exchange {
  /** The stream's number; 0 before it was opened. */
  id = 0;
  sendWindow = 0;
  /** Bytes that the peer may still send of the answer. */
  receiveWindow = 0;
  /** What the peer let through of the request before it gave leave for more, and how often it had to. */
  granted = 0;
  waits = 0;
  /** When the kernel took the request's last byte; 0 before. */
  sentAt = 0;
  readonly headerBlock: Buffer;
  readonly #pieces: readonly Uint8Array[];
  #piece = 0;
  #offset = 0;
  /** Bytes of the request that no frame carries yet. */
  unsent: number;
  #headers: HeaderMap | null = null;
  #trailers: HeaderMap | null = null;
  readonly #body = new Body();
  readonly #largest: number;
  #firstByteAt = 0;
  readonly #resolve: (received: Received) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    headerBlock: Buffer,
    pieces: readonly Uint8Array[],
    resolve: (received: Received) => void,
    reject: (error: Error) => void,
    largest = LARGEST_ANSWER_BYTES,
  ) {
    this.#largest = largest;
    this.headerBlock = headerBlock;
    this.#pieces = pieces;
    this.unsent = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Whether the peer has said anything of it. */
  get answered(): boolean {
    return this.#firstByteAt !== 0;
  }

  /** The next `count` bytes of the request, in as many slices as they lie in; shared, not copied. */
  take(count: number): Uint8Array[] {
    const slices: Uint8Array[] = [];
    this.unsent -= count;
    for (let left = count; left > 0;) {
      const piece = this.#pieces[this.#piece] as Uint8Array;
      const slice = piece.subarray(this.#offset, this.#offset + left);
      slices.push(slice);
      left -= slice.length;
      this.#offset += slice.length;
      if (this.#offset === piece.length) {
        this.#piece++;
        this.#offset = 0;
      }
    }
    return slices;
  }

  /** A header block of the answer: interim ones (1xx) are passed over, the first is its headers, the next its trailers. */
  takeHeaders(headers: HeaderMap, at: number): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = at;
    if (this.#headers !== null) this.#trailers = headers;
    else if (!/^1\d\d$/.test(String(headers[":status"]))) this.#headers = headers;
  }

  /** A piece of the answer's body; copied, for it lies in the read buffer. False where the answer is larger than any may be. */
  takeData(bytes: Buffer, at: number): boolean {
    if (this.#firstByteAt === 0) this.#firstByteAt = at;
    if (this.#body.length + bytes.length > this.#largest) return false;
    this.#body.add(bytes);
    return true;
  }

  /** The peer has said all. */
  finish(at: number): void {
    const headers = this.#headers ?? {};
    this.#resolve({
      headers,
      trailers: this.#trailers ?? headers,
      body: this.#body.pieces(),
      sentAt: this.sentAt === 0 ? this.#firstByteAt : this.sentAt,
      firstByteAt: this.#firstByteAt,
      lastByteAt: at,
      requestWindow: { bytes: this.granted, waits: this.waits },
    });
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}
