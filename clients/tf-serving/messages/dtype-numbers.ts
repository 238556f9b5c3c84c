import type { DType } from "../../client.ts";

/** TensorFlow's number of each element type, as TensorProto carries it. */
export const dtypeNumbers: Readonly<Record<DType, number>> = {
  DT_FLOAT: 1,
  DT_DOUBLE: 2,
  DT_INT32: 3,
  DT_UINT8: 4,
  DT_STRING: 7,
  DT_INT64: 9,
  DT_BOOL: 10,
};

const BY_NUMBER = new Map(Object.entries(dtypeNumbers).map(([name, number]) => [number, name as DType]));

/** The element type of a wire number, or undefined where Lathe has no use for it. */
export function dtypeOfNumber(number: number): DType | undefined {
  return BY_NUMBER.get(number);
}
