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
    throw tooLong();
  }

  /** A varint as two halves of 32 bits, the low one first: a BigInt for each of many would take many times their bytes. */
  halves(into: Int32Array, at: number): void {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#next();
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high = bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) {
        [into[at], into[at + 1]] = [low, high];
        return;
      }
    }
    throw tooLong();
  }

  /** A varint as a signed integer; beyond 2^53 the nearest that a number can be. */
  int64(): number {
    this.halves(HALVES, 0);
    return (HALVES[1] as number) * 2 ** 32 + ((HALVES[0] as number) >>> 0);
  }

  /** A length-delimited field's bytes, shared with the message. */
  delimited(): Uint8Array {
    const length = this.span();
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A length-delimited field as UTF-8 text; what is none becomes U+FFFD. */
  text(): string {
    const length = this.span();
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + this.at - length, length).toString("utf8");
  }

  /** Steps over a length-delimited field; gives its length, and `at` is its end. */
  span(): number {
    const length = this.uint32();
    this.pass(length);
    return length;
  }

  /** How many varints there are in a length-delimited field, which ends where one of them ends; steps over it. */
  spanOfVarints(): number {
    const length = this.span();
    let count = 0;
    for (let at = this.at - length; at < this.at; at++) if ((this.bytes[at] as number) < 0x80) count += 1;
    if (length > 0 && (this.bytes[this.at - 1] as number) >= 0x80) throw truncated();
    return count;
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

  /** Steps over `length` bytes. */
  pass(length: number): void {
    if (length > this.end - this.at) throw truncated();
    this.at += length;
  }

  /** Steps over a field of this tag that nobody asked for. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.uint32();
        return;
      case 1:
        return this.pass(8);
      case 2:
        this.span();
        return;
      case 5:
        return this.pass(4);
      default:
        throw new StatusError("INTERNAL", `the answer holds a field of unknown kind (tag ${tag})`);
    }
  }

  #next(): number {
    if (this.at >= this.end) throw truncated();
    return this.bytes[this.at++] as number;
  }
}

const HALVES = new Int32Array(2);

function tooLong(): StatusError {
  return new StatusError("INTERNAL", "the answer holds a number of more than ten bytes");
}

function truncated(): StatusError {
  return new StatusError("INTERNAL", "the answer ends in the middle of a field");
}
