import { StatusError } from "./codes.ts";
import { keptCopy } from "./kept-copy.ts";
import type { DType, NumberArray, NumberType, OtherType, Tensor } from "./client.ts";

/** The array that holds elements of each type; strings have none of fixed size. Booleans are bytes of 0 and 1. */
export const numberArrays = {
  DT_FLOAT: Float32Array,
  DT_DOUBLE: Float64Array,
  DT_HALF: Uint16Array,
  DT_BFLOAT16: Uint16Array,
  DT_BOOL: Uint8Array,
  DT_INT8: Int8Array,
  DT_INT16: Int16Array,
  DT_INT32: Int32Array,
  DT_INT64: BigInt64Array,
  DT_UINT8: Uint8Array,
  DT_UINT16: Uint16Array,
  DT_UINT32: Uint32Array,
  DT_UINT64: BigUint64Array,
} as const satisfies Record<NumberType, unknown>;

/** Whether a type is one whose values are known; else it is a string, or its bytes are kept as they came. */
export function isNumberType(dtype: DType): dtype is NumberType {
  return Object.hasOwn(numberArrays, dtype);
}

/** Whether a type's bytes are kept as they came. */
export function isOtherType(dtype: DType): dtype is OtherType {
  return dtype !== "DT_STRING" && !isNumberType(dtype);
}

/** More elements than this, which an answer of a few bytes can claim, are a fault of the peer: nothing is allocated. */
const MAX_ELEMENTS = 2 ** 28;

/** TensorFlow's own limit. */
export const MAX_RANK = 254;

/** Bytes that an answer's tensors may take in all: twice the largest answer's, for some lists are shorter on the wire. */
const LARGEST_TENSORS_BYTES = 2 ** 29;

/** What an answer's tensors may take in memory, whatever the wire makes of it: charged before anything is allocated. */
export class Budget {
  #left = LARGEST_TENSORS_BYTES;

  /** Throws StatusError RESOURCE_EXHAUSTED where nothing is left. */
  charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const most = `${LARGEST_TENSORS_BYTES / 2 ** 20} MiB`;
    throw new StatusError("RESOURCE_EXHAUSTED", `the answer's tensors would take more than ${most} of memory`);
  }
}

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
  // Of a type that only its number is known of, so is the size of its elements.
  if (isOtherType(dtype) && data instanceof Uint8Array) return;
  const fits = isNumberType(dtype) ? data instanceof numberArrays[dtype] : Array.isArray(data);
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
  if (isOtherType(dtype)) return { dtype, shape, data: new Uint8Array(content) };
  if (dtype === "DT_STRING" || content.length !== count * numberArrays[dtype].BYTES_PER_ELEMENT)
    throw new StatusError(
      "INTERNAL",
      `tensor_content of ${content.length} bytes does not fit ${dtype} [${shape.join(",")}]`,
    );
  return { dtype, shape, data: dataOfContent(dtype, content) };
}

/** Elements from raw content, copied. */
export function dataOfContent(dtype: NumberType, content: Uint8Array): NumberArray {
  const { buffer, byteOffset, length } = keptCopy(content);
  const typed = numberArrays[dtype] as Uint8ArrayConstructor;
  return new typed(buffer, byteOffset, length / typed.BYTES_PER_ELEMENT);
}

/** A tensor's values as numbers, in order; undefined where it has none: strings, and types whose bytes are kept. */
export function valuesOf({ dtype, data }: Tensor): ArrayLike<number | bigint> | undefined {
  if (!isNumberType(dtype)) return undefined;
  if (dtype === "DT_HALF") return Float32Array.from(data as Uint16Array, numberOfHalf);
  if (dtype === "DT_BFLOAT16")
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  return data as NumberArray;
}

/** An IEEE 754 float of 16 bits: a sign, five bits of exponent, ten of fraction. */
function numberOfHalf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
