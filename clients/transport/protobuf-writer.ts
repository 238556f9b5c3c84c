/** A message in pieces that follow each other, so that it need not be put together before it is sent. */
export interface GatheredMessage {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

/** Bytes copied into the current chunk up to this size; larger ones are handed on as they are. */
const COPY_BELOW = 1024;

/**
 * Writes protobuf fields into a list of pieces. Large byte strings become pieces of their own, shared and not copied, so
 * that pixels go from the image to the kernel untouched.
 */
export class GatherWriter {
  readonly pieces: Uint8Array[] = [];
  /** Bytes written in all. */
  length = 0;
  #chunk = Buffer.allocUnsafe(512);
  #used = 0;

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#chunk[this.#used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
      this.length++;
    }
    this.#chunk[this.#used++] = rest;
    this.length++;
  }

  /** A length-delimited field: tag, length, bytes. */
  bytes(tag: number, bytes: Uint8Array): void {
    this.varint(tag);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.length += bytes.length;
    if (bytes.length >= COPY_BELOW) {
      this.#flush();
      this.pieces.push(bytes);
      return;
    }
    this.#reserve(bytes.length);
    this.#chunk.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** The finished pieces, in order. */
  finish(): readonly Uint8Array[] {
    this.#flush();
    return this.pieces;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#chunk.length) return;
    this.#flush();
    this.#chunk = Buffer.allocUnsafe(Math.max(4096, bytes));
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.pieces.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = this.#chunk.subarray(this.#used);
    this.#used = 0;
  }
}

/** Bytes that a varint of this non-negative safe integer takes. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Bytes of a length-delimited field with a one-byte tag. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}
