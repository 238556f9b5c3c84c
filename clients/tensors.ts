import { StatusError } from "./codes.ts";
import type { DType, Tensor } from "./client.ts";

type Data = Tensor["data"];
type NumberType = Exclude<DType, "DT_STRING">;

/** The array that holds elements of each type; strings have none of fixed size. Booleans are bytes of 0 and 1. */
export const numberArrays = {
  DT_FLOAT: Float32Array,
  DT_DOUBLE: Float64Array,
  DT_INT32: Int32Array,
  DT_UINT8: Uint8Array,
  DT_INT64: BigInt64Array,
  DT_BOOL: Uint8Array,
} as const satisfies Record<NumberType, unknown>;

/** More elements than this, which an answer of a few bytes can claim, are a fault of the peer: nothing is allocated. */
const MAX_ELEMENTS = 2 ** 28;

/** TensorFlow's own limit. */
export const MAX_RANK = 254;

/** How many elements a shape holds; 1 for a scalar. Throws StatusError where a size is no count or the whole too large. */
export function elementCount(shape: readonly number[], code: "INVALID_ARGUMENT" | "INTERNAL"): number {
  if (shape.length > MAX_RANK) throw new StatusError(code, `a tensor of ${shape.length} dimensions`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new StatusError(code, `shape [${shape.join(",")}] has no size`);
    count *= size;
  }
  if (count > MAX_ELEMENTS) throw new StatusError(code, `shape [${shape.join(",")}] holds too many elements`);
  return count;
}

/** Throws StatusError INVALID_ARGUMENT where a tensor's data is not what its type and shape promise. */
export function checkTensor(name: string, { dtype, shape, data }: Tensor): void {
  const want = elementCount(shape, "INVALID_ARGUMENT");
  const fits = dtype === "DT_STRING" ? Array.isArray(data) : data instanceof numberArrays[dtype];
  if (fits && data.length === want) return;
  throw new StatusError(
    "INVALID_ARGUMENT",
    `input "${name}": ${dtype} [${shape.join(",")}] needs ${want} elements, ` +
      `but its data is ${data.constructor.name} of ${data.length}`,
  );
}

/** The bytes of a tensor's elements as raw content (little-endian), shared, not copied. */
export function contentBytes({ data }: Tensor): Uint8Array {
  if (!ArrayBuffer.isView(data)) throw new StatusError("INVALID_ARGUMENT", "strings have no raw content");
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * A tensor of `count` elements from raw content, copied: the answer's buffer can be let go. Throws StatusError INTERNAL where
 * the content has another size.
 */
export function tensorOfContent(dtype: DType, shape: readonly number[], count: number, content: Uint8Array): Tensor {
  if (dtype === "DT_STRING" || content.length !== count * numberArrays[dtype].BYTES_PER_ELEMENT)
    throw new StatusError(
      "INTERNAL",
      `tensor_content of ${content.length} bytes does not fit ${dtype} [${shape.join(",")}]`,
    );
  return { dtype, shape, data: dataOfContent(dtype, content) };
}

/** Elements from raw content, copied. */
export function dataOfContent(dtype: NumberType, { buffer, byteOffset, byteLength }: Uint8Array): Data {
  return new numberArrays[dtype](buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
