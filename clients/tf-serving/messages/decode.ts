import { StatusError } from "../../codes.ts";
import { elementCount, tensorOfContent } from "../../tensors.ts";
import { WireReader } from "../../transport/protobuf-reader.ts";
import { TypedList, listKinds, protoTypes } from "./typed-list.ts";
import type { DType, Tensor } from "../../client.ts";

const DTYPE_OF = new Map(Object.entries(protoTypes).map(([name, { number }]) => [number, name as DType]));

/**
 * The outputs of a PredictResponse's bytes, by name. Copies what it keeps.
 * Throws StatusError INTERNAL where the bytes are no PredictResponse, UNIMPLEMENTED for an element type Lathe has not.
 */
export function decodePredictResponse(bytes: Uint8Array): Record<string, Tensor> {
  const reader = new WireReader(bytes);
  const outputs: [string, Tensor][] = [];
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x0a) outputs.push(reader.nested(decodeEntry));
    else reader.skip(tag);
  }
  return Object.fromEntries(outputs);
}

function decodeEntry(reader: WireReader): [string, Tensor] {
  let name = "";
  let value: Uint8Array = new Uint8Array(0);
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x0a) name = Buffer.from(reader.delimited()).toString("utf8");
    else if (tag === 0x12) value = reader.delimited();
    else reader.skip(tag);
  }
  try {
    return [name, decodeTensor(value)];
  } catch (error) {
    if (error instanceof StatusError) throw new StatusError(error.code, `output "${name}": ${error.message}`);
    throw error;
  }
}

/** A TensorProto's bytes as a tensor. Throws as {@link decodePredictResponse} does. */
export function decodeTensor(bytes: Uint8Array): Tensor {
  const reader = new WireReader(bytes);
  let number = 0;
  let shape: number[] = [];
  let content: Uint8Array | null = null;
  const lists = new Map<number, TypedList>();
  while (!reader.done) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (tag === 0x08) number = reader.uint32();
    else if (tag === 0x12) shape = reader.nested(decodeShape);
    else if (tag === 0x22) content = reader.delimited();
    else if (field in listKinds) {
      let list = lists.get(field);
      if (list === undefined) lists.set(field, (list = new TypedList(field)));
      list.read(reader, tag & 7);
    } else reader.skip(tag);
  }
  const dtype = DTYPE_OF.get(number);
  if (dtype === undefined) throw new StatusError("UNIMPLEMENTED", `element type number ${number} is not in use`);
  const count = elementCount(shape, "INTERNAL");
  if (content !== null && content.length > 0) return tensorOfContent(dtype, shape, count, content);
  const { list } = protoTypes[dtype];
  return { dtype, shape, data: (lists.get(list) ?? new TypedList(list)).data(dtype, count) };
}

/** The sizes of a TensorShapeProto. Throws StatusError INTERNAL for an unknown rank: a value always has one. */
function decodeShape(reader: WireReader): number[] {
  const shape: number[] = [];
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x12) shape.push(reader.nested(decodeDim));
    else if (tag === 0x18) {
      if (reader.uint32() !== 0) throw new StatusError("INTERNAL", "a tensor of unknown rank in an answer");
    } else reader.skip(tag);
  }
  return shape;
}

function decodeDim(reader: WireReader): number {
  let size = 0;
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x08) size = Number(reader.int64());
    else reader.skip(tag);
  }
  return size;
}
