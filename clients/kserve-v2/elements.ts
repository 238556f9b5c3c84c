import { StatusError } from "../codes.ts";
import { type Budget, contentBytes, dataOfContent, elementCount, numberArrays } from "../tensors.ts";
import type { DType, OtherType, Tensor } from "../client.ts";

/** Element types that the protocol has a name for. */
export type KnownType = Exclude<DType, OtherType>;

/** The protocol's name of each element type. */
const DATATYPES: Readonly<Record<KnownType, string>> = {
  ...{ DT_BOOL: "BOOL", DT_STRING: "BYTES" },
  ...{ DT_UINT8: "UINT8", DT_UINT16: "UINT16", DT_UINT32: "UINT32", DT_UINT64: "UINT64" },
  ...{ DT_INT8: "INT8", DT_INT16: "INT16", DT_INT32: "INT32", DT_INT64: "INT64" },
  ...{ DT_HALF: "FP16", DT_BFLOAT16: "BF16", DT_FLOAT: "FP32", DT_DOUBLE: "FP64" },
};
const DTYPES: ReadonlyMap<string, KnownType> = new Map(
  Object.entries(DATATYPES).map(([dtype, name]) => [name, dtype as KnownType]),
);

/** What an output takes besides its elements. */
const OUTPUT_BYTES = 1024;
/** What a byte string takes besides its bytes. */
const STRING_BYTES = 128;
/** Before each byte string: its length, little-endian. */
const LENGTH_BYTES = 4;

/** Throws StatusError INVALID_ARGUMENT where the protocol has no name for a type. */
export function datatypeOf(dtype: DType): string {
  if (Object.hasOwn(DATATYPES, dtype)) return DATATYPES[dtype as KnownType];
  throw new StatusError("INVALID_ARGUMENT", `KServe's protocol has no name for ${dtype}`);
}

/** A tensor's elements as they travel: numbers as they lie in memory, shared; byte strings each after its length. */
export function rawOf(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (ArrayBuffer.isView(data)) return contentBytes(tensor);
  return Buffer.concat(
    data.flatMap((text) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );
}

/** What an answer says of an output before its elements. */
export interface OutputHead {
  readonly name: string;
  readonly dtype: KnownType;
  readonly shape: readonly number[];
  /** Elements. */
  readonly count: number;
}

/**
 * An output's head, checked and charged for.
 *
 * @throws StatusError INTERNAL where its type is unknown or its shape has no size, RESOURCE_EXHAUSTED beyond the budget
 */
export function headOf(name: string, datatype: string, shape: readonly number[], budget: Budget): OutputHead {
  budget.charge(OUTPUT_BYTES + name.length);
  return ofOutput(name, () => {
    const dtype = DTYPES.get(datatype);
    if (dtype === undefined)
      throw new StatusError("INTERNAL", `element type ${JSON.stringify(datatype.slice(0, 40))} is unknown`);
    return { name, dtype, shape, count: elementCount(shape, "INTERNAL") };
  });
}

/**
 * A tensor of its elements as they travel, copied: the answer's memory can be let go.
 *
 * @throws StatusError INTERNAL where they do not fit the shape, RESOURCE_EXHAUSTED beyond the budget
 */
export function tensorOfRaw({ name, dtype, shape, count }: OutputHead, raw: Uint8Array, budget: Budget): Tensor {
  return ofOutput(name, () => {
    if (dtype === "DT_STRING") return { dtype, shape, data: stringsOf(raw, count, budget) };
    if (raw.length !== count * numberArrays[dtype].BYTES_PER_ELEMENT) throw misfit(raw, count, DATATYPES[dtype]);
    budget.charge(raw.length);
    return { dtype, shape, data: dataOfContent(dtype, raw) };
  });
}

function stringsOf(raw: Uint8Array, count: number, budget: Budget): Uint8Array[] {
  if (raw.length < LENGTH_BYTES * count) throw misfit(raw, count, "BYTES");
  budget.charge(raw.length + STRING_BYTES * count);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const strings: Uint8Array[] = [];
  let at = 0;
  while (strings.length < count) {
    if (raw.length - at < LENGTH_BYTES) throw misfit(raw, count, "BYTES");
    const end = at + LENGTH_BYTES + view.getUint32(at, true);
    if (end > raw.length) throw misfit(raw, count, "BYTES");
    strings.push(raw.slice(at + LENGTH_BYTES, end));
    at = end;
  }
  if (at !== raw.length) throw misfit(raw, count, "BYTES");
  return strings;
}

function misfit(raw: Uint8Array, count: number, datatype: string): StatusError {
  return new StatusError("INTERNAL", `${raw.length} bytes are not ${count} elements of ${datatype}`);
}

/** Runs what is about one output, and says so where it fails. */
export function ofOutput<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(error.code, `output ${JSON.stringify(name.slice(0, 100))}: ${error.message}`);
  }
}
