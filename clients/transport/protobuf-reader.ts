import { StatusError } from "../codes.ts";

/** Reads protobuf fields from bytes. Every method throws StatusError INTERNAL where the bytes end or make no sense. */
export class WireReader {
  readonly bytes: Uint8Array;
  at: number;
  /** Where the message that is being read ends: see {@link nested}. */
  end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** A varint's low 32 bits, unsigned: tags, lengths, enums. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#next();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new StatusError("INTERNAL", "the answer holds a number of more than ten bytes");
  }

  /** A varint as a signed 64 bit integer. */
  int64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#next();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new StatusError("INTERNAL", "the answer holds a number of more than ten bytes");
  }

  /** A length-delimited field's bytes, shared with the message. */
  delimited(): Uint8Array {
    const length = this.uint32();
    if (length > this.end - this.at) throw truncated();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A length-delimited message, read in place by `read`, which has to read to its end: a reader of its own would be garbage. */
  nested<T>(read: (reader: WireReader) => T): T {
    const length = this.uint32();
    if (length > this.end - this.at) throw truncated();
    const outer = this.end;
    this.end = this.at + length;
    const value = read(this);
    this.end = outer;
    return value;
  }

  /** The next `length` bytes, shared. */
  fixed(length: number): Uint8Array {
    if (length > this.end - this.at) throw truncated();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Steps over a field of this tag that nobody asked for. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.int64();
        return;
      case 1:
        this.fixed(8);
        return;
      case 2:
        this.delimited();
        return;
      case 5:
        this.fixed(4);
        return;
      default:
        throw new StatusError("INTERNAL", `the answer holds a field of unknown kind (tag ${tag})`);
    }
  }

  #next(): number {
    if (this.at >= this.end) throw truncated();
    return this.bytes[this.at++] as number;
  }
}

function truncated(): StatusError {
  return new StatusError("INTERNAL", "the answer ends in the middle of a field");
}
