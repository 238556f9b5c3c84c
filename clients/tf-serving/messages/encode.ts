import { checkTensor, contentBytes } from "../../tensors.ts";
import { StatusError } from "../../codes.ts";
import { type GatheredMessage, GatherWriter, fieldSize, varintSize } from "../../transport/protobuf-writer.ts";
import { numberOf } from "./proto-types.ts";
import type { PredictRequest, Tensor } from "../../client.ts";

/**
 * A PredictRequest's bytes. Numbers travel as `tensor_content`, strings as `string_val`. The pieces share memory with the
 * request's tensors: do not change them until the message was sent.
 * Throws StatusError INVALID_ARGUMENT where a tensor's data does not fit its type and shape.
 */
export function encodePredictRequest(request: PredictRequest): GatheredMessage {
  const out = new GatherWriter();
  const spec = encodeModelSpec(request);
  out.bytes(0x0a, spec);
  for (const [name, tensor] of Object.entries(request.inputs)) {
    checkTensor(name, tensor);
    const key = Buffer.from(name, "utf8");
    const size = tensorSize(tensor);
    out.varint(0x12);
    out.varint(fieldSize(key.length) + fieldSize(size));
    out.bytes(0x0a, key);
    out.varint(0x12);
    out.varint(size);
    writeTensor(out, tensor);
  }
  return { pieces: out.finish(), length: out.length };
}

function encodeModelSpec(request: PredictRequest): Uint8Array {
  const out = new GatherWriter();
  if (request.model !== "") out.bytes(0x0a, Buffer.from(request.model, "utf8"));
  if (request.version !== undefined) {
    if (!Number.isSafeInteger(request.version) || request.version < 0)
      throw new StatusError("INVALID_ARGUMENT", `model version ${request.version} is not a whole number from 0 up`);
    const wrapped = request.version === 0 ? 0 : 1 + varintSize(request.version);
    out.varint(0x12);
    out.varint(wrapped);
    if (wrapped > 0) {
      out.varint(0x08);
      out.varint(request.version);
    }
  }
  const signature = request.signature ?? "serving_default";
  if (signature !== "") out.bytes(0x1a, Buffer.from(signature, "utf8"));
  if (request.version === undefined && request.label !== undefined) out.bytes(0x22, Buffer.from(request.label, "utf8"));
  return Buffer.concat(out.finish());
}

function tensorSize(tensor: Tensor): number {
  return 1 + varintSize(numberOf(tensor.dtype)) + fieldSize(shapeSize(tensor.shape)) + dataSize(tensor);
}

function shapeSize(shape: readonly number[]): number {
  return shape.reduce((sum, size) => sum + fieldSize(dimSize(size)), 0);
}

function dimSize(size: number): number {
  return size === 0 ? 0 : 1 + varintSize(size);
}

function dataSize(tensor: Tensor): number {
  if (!ArrayBuffer.isView(tensor.data)) return tensor.data.reduce((sum, s) => sum + fieldSize(s.length), 0);
  return tensor.data.byteLength === 0 ? 0 : fieldSize(tensor.data.byteLength);
}

function writeTensor(out: GatherWriter, tensor: Tensor): void {
  out.varint(0x08);
  out.varint(numberOf(tensor.dtype));
  out.varint(0x12);
  out.varint(shapeSize(tensor.shape));
  for (const size of tensor.shape) {
    out.varint(0x12);
    out.varint(dimSize(size));
    if (size > 0) {
      out.varint(0x08);
      out.varint(size);
    }
  }
  if (!ArrayBuffer.isView(tensor.data)) for (const text of tensor.data) out.bytes(0x42, text);
  else if (tensor.data.byteLength > 0) out.bytes(0x22, contentBytes(tensor));
}
