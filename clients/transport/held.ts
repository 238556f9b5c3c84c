/**
 * The beginning of something whose rest has not come yet, copied: the caller may use his memory again. It grows by doubling, so
 * that each byte is copied a few times at most, however many pieces they come in.
 */
export class Held {
  readonly #leastBytes: number;
  #memory: Buffer = Buffer.alloc(0);
  /** Bytes that are held. */
  length = 0;

  /** @param leastBytes memory that it takes at first */
  constructor(leastBytes: number) {
    this.#leastBytes = leastBytes;
  }

  /** Adds to what is held. @returns all of it; good until the next call */
  add(bytes: Buffer): Buffer {
    const length = this.length + bytes.length;
    if (length > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#leastBytes, 2 * length));
      this.#memory.copy(larger, 0, 0, this.length);
      this.#memory = larger;
    }
    bytes.copy(this.#memory, this.length);
    this.length = length;
    return this.all();
  }

  /** What is held. */
  all(): Buffer {
    return this.#memory.subarray(0, this.length);
  }
}
