import { StatusError } from "../codes.ts";
import { type Budget, dataOfContent, numberArrays } from "../tensors.ts";
import { WireReader } from "./protobuf-reader.ts";
import type { DType, NumberArray, NumberType, OtherType, Tensor } from "../client.ts";

/** How one element of a list travels outside a packed run. */
export type ListKind = "fixed32" | "fixed64" | "varint" | "varint64" | "string";

const WIRE_TYPE: Readonly<Record<ListKind, number>> = { fixed32: 5, fixed64: 1, varint: 0, varint64: 0, string: 2 };
const WIDTH = { fixed32: 4, fixed64: 8 };

/** What a byte string takes besides its bytes: the object that holds it. */
export const STRING_BYTES = 128;

/** No server shortens a list of more: a few bytes that claim to stand for so much are a fault, and must not take memory. */
const MOST_FILLED = 2 ** 20;

/**
 * One typed list of a message, packed or not, in as many runs as the sender made of it (all three are legal). It is looked at first,
 * which takes no memory, and read once the tensor's shape is known. The usual case, one packed run of floats, is a single copy.
 */
export class TypedList {
  /** Elements. */
  count = 0;
  readonly #field: number;
  readonly #kind: ListKind;
  /** Its first run, where that is packed and of fixed size; and how many runs there are. */
  #first: Uint8Array | undefined;
  #runs = 0;

  constructor(field: number, kind: ListKind) {
    this.#field = field;
    this.#kind = kind;
  }

  /** Looks at one run, whose tag has been read, and steps over it. Throws StatusError INTERNAL where it cannot be this list's. */
  look(reader: WireReader, wireType: number): void {
    const kind = this.#kind;
    this.#runs += 1;
    if (wireType === WIRE_TYPE[kind]) {
      this.count += 1;
      reader.skip(wireType);
    } else if (wireType !== 2) throw new StatusError("INTERNAL", `a list of ${kind} came as wire type ${wireType}`);
    else if (kind === "fixed32" || kind === "fixed64") {
      const length = reader.span();
      if (length % WIDTH[kind] !== 0) throw new StatusError("INTERNAL", `a list of ${kind} ends in the middle of one`);
      if (this.#runs === 1) this.#first = reader.bytes.subarray(reader.at - length, reader.at);
      this.count += length / WIDTH[kind];
    } else this.count += reader.spanOfVarints();
  }

  /**
   * Reads the list as the elements of a tensor of `count`.
   *
   * @param message that it is a list of
   * @throws StatusError INTERNAL where {@link checkLength} refuses it
   */
  data(message: Uint8Array, dtype: Exclude<DType, OtherType>, count: number, budget: Budget): Tensor["data"] {
    checkLength(this.count, count);
    if (dtype === "DT_STRING") {
      budget.charge(STRING_BYTES * this.count + 8 * count);
      return filled(this.#strings(message), count);
    }
    budget.charge(numberArrays[dtype].BYTES_PER_ELEMENT * count);
    if (this.#first !== undefined && this.#runs === 1 && this.count === count) return dataOfContent(dtype, this.#first);
    const all = new numberArrays[dtype](count);
    this.#readInto(all, message, dtype);
    return filled(all, count, this.count);
  }

  /** Goes to each run of the list, whose tag has been read. */
  #eachRun(message: Uint8Array, read: (reader: WireReader, wireType: number) => void): void {
    if (this.#runs === 0) return;
    for (const reader = new WireReader(message); !reader.done;) {
      const tag = reader.uint32();
      if (tag >>> 3 === this.#field) read(reader, tag & 7);
      else reader.skip(tag);
    }
  }

  #strings(message: Uint8Array): Uint8Array[] {
    const strings: Uint8Array[] = [];
    this.#eachRun(message, (reader) => strings.push(new Uint8Array(reader.delimited())));
    return strings;
  }

  #readInto(all: NumberArray, message: Uint8Array, dtype: NumberType): void {
    const bytes = new Uint8Array(all.buffer);
    const halves = this.#kind === "varint64" ? new Int32Array(all.buffer) : undefined;
    let next = 0;
    const one = (reader: WireReader) => {
      if (halves !== undefined) reader.halves(halves, 2 * next);
      else {
        const value = reader.uint32();
        all[next] = dtype === "DT_BOOL" ? Number(value !== 0) : value;
      }
      next += 1;
    };
    const kind = this.#kind;
    this.#eachRun(message, (reader, wireType) => {
      const packed = wireType === 2;
      if (kind !== "fixed32" && kind !== "fixed64") {
        if (!packed) return one(reader);
        const length = reader.span();
        const last = reader.at;
        for (reader.at -= length; reader.at < last;) one(reader);
        return;
      }
      const length = packed ? reader.span() : WIDTH[kind];
      if (!packed) reader.pass(length);
      bytes.set(reader.bytes.subarray(reader.at - length, reader.at), next * WIDTH[kind]);
      next += length / WIDTH[kind];
    });
  }
}

/** Throws StatusError INTERNAL where a list of `listed` elements cannot be a tensor of `count`. */
export function checkLength(listed: number, count: number): void {
  if (listed > count || (listed < count && count > MOST_FILLED))
    throw new StatusError("INTERNAL", `${listed} values for a tensor of ${count} elements`);
}

/**
 * A list as the elements of a tensor: a shorter one goes on with its last value, an empty one with zeros (or empty strings), as
 * TensorFlow reads them.
 */
export function filled<T extends Tensor["data"]>(values: T, count: number, listed = values.length): T {
  if (listed === count) return values;
  if (!ArrayBuffer.isView(values)) {
    const last = values.at(-1) ?? new Uint8Array(0);
    return Array.from({ length: count }, (_, i) => values[i] ?? last) as unknown as T;
  }
  if (listed > 0) (values as Uint8Array).fill(values[listed - 1] as number, listed);
  return values;
}
