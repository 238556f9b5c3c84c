import { StatusError } from "../../codes.ts";
import { dataOfContent } from "../../tensors.ts";
import { fill } from "./fill.ts";
import { WireReader } from "../../transport/protobuf-reader.ts";
import type { DType, Tensor } from "../../client.ts";

/** One of TensorProto's typed lists. */
interface TypedField {
  /** Wire kind of one element outside a packed run. */
  readonly kind: "fixed32" | "fixed64" | "int32" | "int64" | "string";
}

/** TensorProto's typed lists by field number. */
export const typedFields: Readonly<Record<number, TypedField>> = {
  5: { kind: "fixed32" },
  6: { kind: "fixed64" },
  7: { kind: "int32" },
  8: { kind: "string" },
  10: { kind: "int64" },
  11: { kind: "int32" },
};

/** The number of the typed list that holds elements of this type. */
export function typedFieldOf(dtype: DType): number {
  return FIELD_OF[dtype];
}

const FIELD_OF: Readonly<Record<DType, number>> = {
  DT_FLOAT: 5,
  DT_DOUBLE: 6,
  DT_INT32: 7,
  DT_UINT8: 7,
  DT_STRING: 8,
  DT_INT64: 10,
  DT_BOOL: 11,
};

const WIRE_TYPE = { fixed32: 5, fixed64: 1, int32: 0, int64: 0, string: 2 } as const;

/**
 * Collects one typed list, packed or not, in as many runs as the sender made of it (all three are legal). The usual case,
 * one packed run of floats, is a single copy of memory.
 */
export class TypedList {
  readonly #kind: TypedField["kind"];
  /** Runs of fixed-size elements, or one entry for each string. */
  readonly #runs: Uint8Array[] = [];
  readonly #numbers: number[] = [];
  readonly #bigints: bigint[] = [];

  /** @param field TensorProto's field number; one of {@link typedFields} */
  constructor(field: number) {
    const facts = typedFields[field];
    if (facts === undefined) throw new RangeError(`TensorProto has no typed list ${field}`);
    this.#kind = facts.kind;
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
    switch (dtype) {
      case "DT_INT32":
        return Int32Array.from(this.#numbers);
      case "DT_UINT8":
        return Uint8Array.from(this.#numbers);
      case "DT_BOOL":
        return Uint8Array.from(this.#numbers, (n) => (n === 0 ? 0 : 1));
      case "DT_INT64":
        return BigInt64Array.from(this.#bigints);
      default:
        return dataOfContent(
          dtype,
          this.#runs.length === 1 ? (this.#runs[0] as Uint8Array) : Buffer.concat(this.#runs),
        );
    }
  }
}
