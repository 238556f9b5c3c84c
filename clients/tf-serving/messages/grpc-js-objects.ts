import { checkTensor, contentBytes, dataOfContent, elementBytes, elementCount } from "../../tensors.ts";
import { StatusError } from "../../codes.ts";
import { fill } from "./fill.ts";
import type { DType, PredictRequest, Tensor } from "../../client.ts";

/*
 * Requests and tensors as the plain objects that proto-loader's generic codec takes and gives (`messageOptions`).
 */

/** A TensorProto as proto-loader decodes it. */
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
  if (!Object.hasOwn(elementBytes, object.dtype))
    throw new StatusError("UNIMPLEMENTED", `element type ${object.dtype} is not in use`);
  const dtype = object.dtype as DType;
  if (object.tensor_shape?.unknown_rank === true)
    throw new StatusError("INTERNAL", "a tensor of unknown rank in an answer");
  const shape = (object.tensor_shape?.dim ?? []).map((dim) => Number(dim.size));
  const count = elementCount(shape, "INTERNAL");
  const content = object.tensor_content;
  if (content.length === 0) return { dtype, shape, data: valuesOf(object, dtype, count) };
  if (dtype === "DT_STRING" || content.length !== count * elementBytes[dtype])
    throw new StatusError(
      "INTERNAL",
      `tensor_content of ${content.length} bytes does not fit ${dtype} [${shape.join(",")}]`,
    );
  return { dtype, shape, data: dataOfContent(dtype, content) };
}

function valuesOf(object: TensorObject, dtype: DType, count: number): Tensor["data"] {
  switch (dtype) {
    case "DT_FLOAT":
      return fill(Float32Array.from(object.float_val), count);
    case "DT_DOUBLE":
      return fill(Float64Array.from(object.double_val), count);
    case "DT_INT32":
      return fill(Int32Array.from(object.int_val), count);
    case "DT_UINT8":
      return fill(Uint8Array.from(object.int_val), count);
    case "DT_BOOL":
      return fill(Uint8Array.from(object.bool_val, Number), count);
    case "DT_INT64":
      return fill(BigInt64Array.from(object.int64_val, BigInt), count);
    case "DT_STRING":
      return fill(
        object.string_val.map((text) => new Uint8Array(text)),
        count,
      );
  }
}
