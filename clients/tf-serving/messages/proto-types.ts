import { StatusError } from "../../codes.ts";
import { isOtherType } from "../../tensors.ts";
import { STRING_BYTES, type ListKind } from "../../transport/typed-list.ts";
import type { DType, OtherType } from "../../client.ts";

/** Each element type's number in TensorProto, and the number of the typed list that holds its elements. */
export const protoTypes: Readonly<
  Record<Exclude<DType, OtherType>, { readonly number: number; readonly list: number }>
> = {
  DT_FLOAT: { number: 1, list: 5 },
  DT_DOUBLE: { number: 2, list: 6 },
  DT_INT32: { number: 3, list: 7 },
  DT_UINT8: { number: 4, list: 7 },
  DT_INT16: { number: 5, list: 7 },
  DT_INT8: { number: 6, list: 7 },
  DT_STRING: { number: 7, list: 8 },
  DT_INT64: { number: 9, list: 10 },
  DT_BOOL: { number: 10, list: 11 },
  DT_BFLOAT16: { number: 14, list: 13 },
  DT_UINT16: { number: 17, list: 7 },
  DT_HALF: { number: 19, list: 13 },
  DT_UINT32: { number: 22, list: 16 },
  DT_UINT64: { number: 23, list: 17 },
};

const DTYPE_OF = new Map(Object.entries(protoTypes).map(([name, { number }]) => [number, name as DType]));

/** The element type of a number; one that Lathe has no values for by its number. Throws StatusError INTERNAL where it is none. */
export function dtypeOf(number: number): DType {
  if (number === 0) throw new StatusError("INTERNAL", "a tensor without an element type");
  return DTYPE_OF.get(number) ?? `DT_${number}`;
}

/** The number of an element type. */
export function numberOf(dtype: DType): number {
  return isOtherType(dtype) ? Number(dtype.slice(3)) : protoTypes[dtype].number;
}

/** TensorProto's typed lists by field number. */
const LISTS: Readonly<Record<number, ListKind>> = {
  ...{ 5: "fixed32", 6: "fixed64", 7: "varint", 8: "string", 10: "varint64", 11: "varint", 13: "varint" },
  ...{ 16: "varint", 17: "varint64" },
};

/** The kind of the typed list in a field of TensorProto; undefined where the field is none. */
export function listKind(field: number): ListKind | undefined {
  return Object.hasOwn(LISTS, field) ? LISTS[field] : undefined;
}

/** What a list takes that is decoded by a codec that knows nothing of shapes: a number or an object for each element. */
export function genericBytes(field: number): number {
  return LISTS[field] === "varint64" || LISTS[field] === "string" ? STRING_BYTES : 16;
}
