import fc from "fast-check";
import { numberArrays, valuesOf } from "../tensors.ts";
import type { DType, Tensor } from "../client.ts";

/*
 * Random tensors for tests: every element type, every rank from a scalar up, sizes of zero among them.
 */

const NUMERIC = Object.keys(numberArrays) as DType[];

export interface TensorOptions {
  readonly dtypes?: readonly DType[];
  /** Without NaN and infinities. */
  readonly finite?: boolean;
  readonly minRank?: number;
  readonly minSize?: number;
}

/** A tensor of numbers or booleans. */
export function numericTensor(options: TensorOptions = {}): fc.Arbitrary<Tensor> {
  return fc
    .record({ dtype: fc.constantFrom(...(options.dtypes ?? NUMERIC)), shape: shapeOf(options) })
    .chain(({ dtype, shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return elements(dtype, count, options.finite === true).map((data) => ({ dtype, shape, data }));
    });
}

/** A tensor of byte strings, some of them longer than what encoders copy. */
export function stringTensor(options: TensorOptions = {}): fc.Arbitrary<Tensor> {
  const text = fc.oneof(
    { weight: 30, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    // Comparing these is slow: few of them are enough.
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1020, maxLength: 1030 }) },
  );
  return shapeOf(options).chain((shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return fc
      .array(text, { minLength: count, maxLength: count })
      .map((data): Tensor => ({ dtype: "DT_STRING", shape, data }));
  });
}

/** Any tensor. */
export function anyTensor(options: TensorOptions = {}): fc.Arbitrary<Tensor> {
  return fc.oneof({ weight: 3, arbitrary: numericTensor(options) }, { weight: 1, arbitrary: stringTensor(options) });
}

function shapeOf(options: TensorOptions): fc.Arbitrary<number[]> {
  const size = fc.integer({ min: options.minSize ?? 0, max: 5 });
  return fc.array(size, { minLength: options.minRank ?? 0, maxLength: 4 });
}

function elements(dtype: DType, count: number, finite: boolean): fc.Arbitrary<Tensor["data"]> {
  const exactly = { minLength: count, maxLength: count };
  const floats = { ...exactly, noNaN: finite, noDefaultInfinity: finite };
  switch (dtype) {
    case "DT_FLOAT":
      return fc.float32Array(floats);
    case "DT_DOUBLE":
      return fc.float64Array(floats);
    case "DT_INT8":
      return fc.int8Array(exactly);
    case "DT_INT16":
      return fc.int16Array(exactly);
    case "DT_INT32":
      return fc.int32Array(exactly);
    case "DT_UINT16":
      return fc.uint16Array(exactly);
    case "DT_HALF":
    case "DT_BFLOAT16":
      // An exponent of ones is NaN or infinite.
      return fc.uint16Array(finite ? { ...exactly, max: 0x7bff } : exactly);
    case "DT_UINT32":
      return fc.uint32Array(exactly);
    case "DT_UINT64":
      return fc.bigUint64Array(finite ? { ...exactly, max: 2n ** 53n - 1n } : exactly);
    case "DT_INT64":
      return fc.bigInt64Array(finite ? { ...exactly, min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n } : exactly);
    case "DT_BOOL":
      return fc.uint8Array({ ...exactly, max: 1 });
    default:
      return fc.uint8Array(exactly);
  }
}

/** A tensor's elements as nested lists: numbers, bigints, booleans or byte strings; the bare element for a scalar. */
export function nest(tensor: Tensor): unknown {
  let next = 0;
  const level = (axis: number): unknown => {
    if (axis < tensor.shape.length) return Array.from({ length: tensor.shape[axis] as number }, () => level(axis + 1));
    const value = (valuesOf(tensor) ?? tensor.data)[next++];
    return tensor.dtype === "DT_BOOL" ? value === 1 : value;
  };
  return level(0);
}
