import { StatusError } from "../../codes.ts";
import { dataOfContent, numberArrays } from "../../tensors.ts";
import { WireReader } from "../../transport/protobuf-reader.ts";
import type { DType, Tensor } from "../../client.ts";

/** Each element type's number in TensorProto, and the number of the typed list that holds its elements. */
export const protoTypes: Readonly<Record<DType, { readonly number: number; readonly list: number }>> = {
  DT_FLOAT: { number: 1, list: 5 },
  DT_DOUBLE: { number: 2, list: 6 },
  DT_INT32: { number: 3, list: 7 },
  DT_UINT8: { number: 4, list: 7 },
  DT_STRING: { number: 7, list: 8 },
  DT_INT64: { number: 9, list: 10 },
  DT_BOOL: { number: 10, list: 11 },
};

type Kind = "fixed32" | "fixed64" | "int32" | "int64" | "string";

/** TensorProto's typed lists by field number: the wire kind of one element outside a packed run. */
export const listKinds: Readonly<Record<number, Kind>> = {
  5: "fixed32",
  6: "fixed64",
  7: "int32",
  8: "string",
  10: "int64",
  11: "int32",
};

const WIRE_TYPE: Readonly<Record<Kind, number>> = { fixed32: 5, fixed64: 1, int32: 0, int64: 0, string: 2 };

/**
 * Collects one typed list, packed or not, in as many runs as the sender made of it (all three are legal). The usual case,
 * one packed run of floats, is a single copy of memory.
 */
export class TypedList {
  readonly #kind: Kind;
  /** Runs of fixed-size elements, or one entry for each string. */
  readonly #runs: Uint8Array[] = [];
  readonly #numbers: number[] = [];
  readonly #bigints: bigint[] = [];

  /** @param field TensorProto's field number; one of {@link listKinds} */
  constructor(field: number) {
    this.#kind = listKinds[field] as Kind;
  }

  /** Takes one field whose tag has been read. Throws StatusError INTERNAL where it cannot be this list's. */
  read(reader: WireReader, wireType: number): void {
    const kind = this.#kind;
    if (kind === "string" && wireType === 2) this.#runs.push(new Uint8Array(reader.delimited()));
    else if (wireType === 2) this.#readPacked(reader.delimited());
    else if (wireType === WIRE_TYPE[kind]) this.#readOne(reader);
    else throw new StatusError("INTERNAL", `a list of ${kind} came as wire type ${wireType}`);
  }

  #readPacked(run: Uint8Array): void {
    const width = this.#kind === "fixed32" ? 4 : 8;
    if (this.#kind === "fixed32" || this.#kind === "fixed64") {
      if (run.length % width !== 0)
        throw new StatusError("INTERNAL", `a list of ${this.#kind} ends in the middle of one`);
      this.#runs.push(run);
      return;
    }
    for (const reader = new WireReader(run); !reader.done;) this.#readOne(reader);
  }

  #readOne(reader: WireReader): void {
    if (this.#kind === "int64") this.#bigints.push(reader.int64());
    else if (this.#kind === "int32") this.#numbers.push(reader.uint32() | 0);
    else this.#runs.push(reader.fixed(this.#kind === "fixed32" ? 4 : 8));
  }

  /** The elements of a tensor of `count`; see {@link fill} for lists of another length. */
  data(dtype: DType, count: number): Tensor["data"] {
    return fill(dtype === "DT_STRING" ? this.#runs : this.#values(dtype), count);
  }

  #values(dtype: Exclude<DType, "DT_STRING">): Tensor["data"] {
    if (dtype === "DT_INT64") return BigInt64Array.from(this.#bigints);
    if (dtype === "DT_BOOL") return Uint8Array.from(this.#numbers, (n) => (n === 0 ? 0 : 1));
    if (dtype === "DT_INT32" || dtype === "DT_UINT8") return numberArrays[dtype].from(this.#numbers);
    return dataOfContent(dtype, this.#runs.length === 1 ? (this.#runs[0] as Uint8Array) : Buffer.concat(this.#runs));
  }
}

type Data = Tensor["data"];
type NumberData = Exclude<Data, readonly Uint8Array[] | BigInt64Array>;

/** No server shortens a list of more: a few bytes that claim to stand for so much are a fault, and must not take memory. */
const MOST_FILLED = 2 ** 20;

/**
 * A typed list as the elements of a tensor of `count`: a shorter list goes on with its last value, an empty one with
 * zeros (or empty strings), as TensorFlow reads them. Throws StatusError INTERNAL where the list is longer.
 */
export function fill(values: Data, count: number): Data {
  if (values.length === count) return values;
  if (values.length > count || count > MOST_FILLED)
    throw new StatusError("INTERNAL", `${values.length} values for a tensor of ${count} elements`);
  if (!ArrayBuffer.isView(values)) {
    const last = values.at(-1) ?? new Uint8Array(0);
    return Array.from({ length: count }, (_, i) => values[i] ?? last);
  }
  if (values instanceof BigInt64Array) {
    const all = new BigInt64Array(count);
    all.set(values);
    return all.fill(values.at(-1) ?? 0n, values.length);
  }
  const all = new (values.constructor as new (length: number) => NumberData)(count);
  all.set(values);
  return all.fill(values.at(-1) ?? 0, values.length);
}
