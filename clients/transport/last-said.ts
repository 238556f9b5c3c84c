/** Longer beginnings are read each time: what comes with every answer is short, and more must not fill the memory. */
const LONGEST_KEPT = 4096;

/** What the last message began with, and what that says. Servers say the same each time, so most of it need not be read again. */
export class LastSaid<T> {
  #bytes: Buffer = Buffer.alloc(0);
  #said: T | undefined;

  /** Remembers what a message's first bytes say. They are copied; what they say is not, and must not change. */
  keep(bytes: Uint8Array, said: T): void {
    if (bytes.length <= LONGEST_KEPT) [this.#bytes, this.#said] = [Buffer.from(bytes), said];
  }

  /** What a message's first bytes say, where they are the remembered ones, and how many they are. */
  match(bytes: Uint8Array): { readonly said: T; readonly length: number } | undefined {
    const { length } = this.#bytes;
    if (this.#said === undefined || bytes.length < length) return undefined;
    return this.#bytes.compare(bytes, 0, length) === 0 ? { said: this.#said, length } : undefined;
  }
}
