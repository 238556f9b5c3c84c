import { keptCopy } from "../kept-copy.ts";

/** A piece of this size and more is kept as it is; smaller ones are put together. */
const LARGE_BYTES = 4096;
/** What small pieces are put into: as much again as there is already, at least and at most so much. */
const CHUNK_BYTES = { least: LARGE_BYTES, most: 2 ** 20 };

/**
 * An answer's body as it comes, in pieces of any size, copied: the caller may use his memory again. A Buffer for each piece of one
 * byte would take a hundred times the body; here memory stays in proportion to the bytes, however many pieces they come in.
 */
export class Body {
  /** Bytes so far. */
  length = 0;
  readonly #pieces: Buffer[] = [];
  #chunk: Buffer | null = null;
  /** Bytes of the chunk that are in `#pieces`, and bytes of it that are in use. */
  #listed = 0;
  #used = 0;

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (bytes.length >= LARGE_BYTES || this.length === 0) {
      this.#list();
      this.#pieces.push(keptCopy(bytes));
    } else {
      if (this.#chunk === null || this.#chunk.length - this.#used < bytes.length) this.#chunk = this.#newChunk();
      this.#used += bytes.copy(this.#chunk, this.#used);
    }
    this.length += bytes.length;
  }

  /** The bytes in order, in pieces that are not to be changed. */
  pieces(): readonly Buffer[] {
    this.#list();
    return this.#pieces;
  }

  /** All of it in one. */
  whole(): Buffer {
    const pieces = this.pieces();
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  #newChunk(): Buffer {
    this.#list();
    [this.#listed, this.#used] = [0, 0];
    return Buffer.allocUnsafeSlow(Math.min(Math.max(this.length, CHUNK_BYTES.least), CHUNK_BYTES.most));
  }

  #list(): void {
    if (this.#chunk === null || this.#listed === this.#used) return;
    this.#pieces.push(this.#chunk.subarray(this.#listed, this.#used));
    this.#listed = this.#used;
  }
}
