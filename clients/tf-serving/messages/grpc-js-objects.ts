import { checkTensor, contentBytes, elementCount, tensorOfContent } from "../../tensors.ts";
import { StatusError } from "../../codes.ts";
import { fill, protoTypes } from "./typed-list.ts";
import type { DType, PredictRequest, Tensor } from "../../client.ts";

/** A TensorProto as proto-loader's generic codec decodes it (`messageOptions`). */
export interface TensorObject {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim: readonly { readonly size: string }[]; readonly unknown_rank: boolean } | null;
  readonly tensor_content: Uint8Array;
  readonly float_val: readonly number[];
  readonly double_val: readonly number[];
  readonly int_val: readonly number[];
  readonly string_val: readonly Uint8Array[];
  readonly int64_val: readonly string[];
  readonly bool_val: readonly boolean[];
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
    dtype: tensor.dtype,
    tensor_shape: { dim: tensor.shape.map((size) => ({ size })) },
    ...(tensor.dtype === "DT_STRING" ? { string_val: tensor.data } : { tensor_content: contentBytes(tensor) }),
  };
}

/** A decoded TensorProto as a tensor. Throws StatusError INTERNAL or UNIMPLEMENTED as the probe's decoder does. */
export function tensorOfObject(object: TensorObject): Tensor {
  if (!Object.hasOwn(protoTypes, object.dtype))
    throw new StatusError("UNIMPLEMENTED", `element type ${object.dtype} is not in use`);
  const dtype = object.dtype as DType;
  if (object.tensor_shape?.unknown_rank === true)
    throw new StatusError("INTERNAL", "a tensor of unknown rank in an answer");
  const shape = (object.tensor_shape?.dim ?? []).map((dim) => Number(dim.size));
  const count = elementCount(shape, "INTERNAL");
  const content = object.tensor_content;
  if (content.length > 0) return tensorOfContent(dtype, shape, count, content);
  return { dtype, shape, data: fill(VALUES[dtype](object), count) };
}

/** The typed list that holds a tensor's elements. */
const VALUES: Readonly<Record<DType, (object: TensorObject) => Tensor["data"]>> = {
  DT_FLOAT: (object) => Float32Array.from(object.float_val),
  DT_DOUBLE: (object) => Float64Array.from(object.double_val),
  DT_INT32: (object) => Int32Array.from(object.int_val),
  DT_UINT8: (object) => Uint8Array.from(object.int_val),
  DT_BOOL: (object) => Uint8Array.from(object.bool_val, Number),
  DT_INT64: (object) => BigInt64Array.from(object.int64_val, BigInt),
  DT_STRING: (object) => object.string_val.map((text) => new Uint8Array(text)),
};
