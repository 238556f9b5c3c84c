import { messages } from "../../../protos/index.ts";
import { checkTensor, contentBytes, elementCount, isOtherType, numberArrays, tensorOfContent } from "../../tensors.ts";
import { StatusError } from "../../codes.ts";
import { checkLength, filled } from "../../transport/typed-list.ts";
import { dtypeOf, numberOf, protoTypes } from "./proto-types.ts";
import type { DType, NumberArray, NumberType, OtherType, PredictRequest, Tensor } from "../../client.ts";

/** A TensorProto as proto-loader's generic codec decodes it (`messageOptions`). */
export interface TensorObject {
  /** A name, or the number of a type that the .proto files have no name for. */
  readonly dtype: string | number;
  readonly tensor_shape: { readonly dim: readonly { readonly size: string }[]; readonly unknown_rank: boolean } | null;
  readonly tensor_content: Uint8Array;
  readonly float_val: readonly number[];
  readonly double_val: readonly number[];
  readonly int_val: readonly number[];
  readonly string_val: readonly Uint8Array[];
  readonly int64_val: readonly string[];
  readonly bool_val: readonly boolean[];
  readonly half_val: readonly number[];
  readonly uint32_val: readonly number[];
  readonly uint64_val: readonly string[];
}

/** A PredictRequest as proto-loader encodes it. Throws StatusError INVALID_ARGUMENT where a tensor does not fit its shape. */
export function requestObject(request: PredictRequest): object {
  return {
    model_spec: {
      name: request.model,
      signature_name: request.signature ?? "serving_default",
      ...(request.version === undefined ? {} : { version: { value: request.version } }),
      ...(request.version === undefined && request.label !== undefined ? { version_label: request.label } : {}),
    },
    inputs: Object.fromEntries(
      Object.entries(request.inputs).map(([name, tensor]) => {
        checkTensor(name, tensor);
        return [name, tensorObject(tensor)];
      }),
    ),
  };
}

/** A TensorProto as proto-loader encodes it: numbers as raw content. */
export function tensorObject(tensor: Tensor): object {
  return {
    dtype: numberOf(tensor.dtype),
    tensor_shape: { dim: tensor.shape.map((size) => ({ size })) },
    ...(tensor.dtype === "DT_STRING" ? { string_val: tensor.data } : { tensor_content: contentBytes(tensor) }),
  };
}

/** A decoded TensorProto as a tensor, as the probe's decoder has it; of types without values here, its content alone is known. */
export function tensorOfObject(object: TensorObject): Tensor {
  const dtype = dtypeNamed(object.dtype);
  if (object.tensor_shape?.unknown_rank === true)
    throw new StatusError("INTERNAL", "a tensor of unknown rank in an answer");
  const shape = (object.tensor_shape?.dim ?? []).map((dim) => Number(dim.size));
  const count = elementCount(shape, "INTERNAL");
  const content = object.tensor_content;
  if (content.length > 0 || isOtherType(dtype)) return tensorOfContent(dtype, shape, count, content);
  return { dtype, shape, data: elementsOf(object, dtype, count) };
}

/** An element type by its name, or by its number where the .proto files have no name for it. */
function dtypeNamed(dtype: TensorObject["dtype"]): DType {
  if (typeof dtype === "number") return dtypeOf(dtype);
  if (Object.hasOwn(protoTypes, dtype)) return dtype as DType;
  return dtypeOf(messages().lookupEnum("tensorflow.DataType").values[dtype] ?? 0);
}

function elementsOf(object: TensorObject, dtype: Exclude<DType, OtherType>, count: number): Tensor["data"] {
  if (dtype === "DT_STRING") {
    checkLength(object.string_val.length, count);
    return filled(
      object.string_val.map((text) => new Uint8Array(text)),
      count,
    );
  }
  const list = object[LISTS[dtype]];
  checkLength(list.length, count);
  const all: NumberArray = new numberArrays[dtype](count);
  list.forEach((value, i) => (all[i] = typeof value === "string" ? BigInt(value) : Number(value)));
  return filled(all, count, list.length);
}

/** The typed list that holds a tensor's elements. */
const LISTS = {
  DT_FLOAT: "float_val",
  DT_DOUBLE: "double_val",
  DT_HALF: "half_val",
  DT_BFLOAT16: "half_val",
  DT_BOOL: "bool_val",
  DT_INT8: "int_val",
  DT_INT16: "int_val",
  DT_INT32: "int_val",
  DT_INT64: "int64_val",
  DT_UINT8: "int_val",
  DT_UINT16: "int_val",
  DT_UINT32: "uint32_val",
  DT_UINT64: "uint64_val",
} as const satisfies Record<NumberType, keyof TensorObject>;
