import { StatusError } from "./codes.ts";
import type { DType, Tensor } from "./client.ts";

/** Bytes of one element as raw content; 0 for strings, which have no such form. */
export const elementBytes: Readonly<Record<DType, number>> = {
  DT_FLOAT: 4,
  DT_DOUBLE: 8,
  DT_INT32: 4,
  DT_UINT8: 1,
  DT_STRING: 0,
  DT_INT64: 8,
  DT_BOOL: 1,
};

/** Elements more than this (in an answer of a few bytes) are a fault of the peer, not a tensor to allocate. */
const MAX_ELEMENTS = 2 ** 28;

/** TensorFlow's own limit. */
const MAX_RANK = 254;

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
export function checkTensor(name: string, tensor: Tensor): void {
  const want = elementCount(tensor.shape, "INVALID_ARGUMENT");
  const fits = HOLDS[tensor.dtype](tensor.data);
  if (fits && tensor.data.length === want) return;
  throw new StatusError(
    "INVALID_ARGUMENT",
    `input "${name}": ${tensor.dtype} [${tensor.shape.join(",")}] needs ${want} elements, ` +
      `but its data is ${tensor.data.constructor.name} of ${tensor.data.length}`,
  );
}

type Data = Tensor["data"];

const HOLDS: Readonly<Record<DType, (data: Data) => boolean>> = {
  DT_FLOAT: (data) => data instanceof Float32Array,
  DT_DOUBLE: (data) => data instanceof Float64Array,
  DT_INT32: (data) => data instanceof Int32Array,
  DT_UINT8: (data) => data instanceof Uint8Array,
  DT_INT64: (data) => data instanceof BigInt64Array,
  DT_STRING: (data) => Array.isArray(data),
  DT_BOOL: (data) => data instanceof Uint8Array,
};

/** The bytes of a tensor's elements as raw content (little-endian), shared, not copied. */
export function contentBytes(tensor: Tensor): Uint8Array {
  const data = tensor.data;
  if (!ArrayBuffer.isView(data)) throw new StatusError("INVALID_ARGUMENT", "strings have no raw content");
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Elements from raw content, copied: the answer's buffer can be let go. */
export function dataOfContent(
  dtype: Exclude<DType, "DT_STRING">,
  bytes: Uint8Array,
): Exclude<Data, readonly Uint8Array[]> {
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  switch (dtype) {
    case "DT_FLOAT":
      return new Float32Array(copy);
    case "DT_DOUBLE":
      return new Float64Array(copy);
    case "DT_INT32":
      return new Int32Array(copy);
    case "DT_INT64":
      return new BigInt64Array(copy);
    case "DT_UINT8":
    case "DT_BOOL":
      return new Uint8Array(copy);
  }
}
