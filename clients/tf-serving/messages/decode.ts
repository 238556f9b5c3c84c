import { StatusError } from "../../codes.ts";
import { Budget, MAX_RANK, elementCount, isOtherType, tensorOfContent } from "../../tensors.ts";
import { WireReader } from "../../transport/protobuf-reader.ts";
import { TypedList, checkLength, type ListKind } from "../../transport/typed-list.ts";
import { dtypeOf, genericBytes, listKind, protoTypes } from "./proto-types.ts";
import type { DType, Tensor } from "../../client.ts";

/** What an output takes besides its elements. */
const OUTPUT_BYTES = 1024;

/**
 * The outputs of a PredictResponse's bytes, by name. Copies what it keeps, and allocates nothing that the shapes do not ask for.
 * Throws StatusError INTERNAL where the bytes are no PredictResponse, RESOURCE_EXHAUSTED where its tensors would take too much memory.
 */
export function decodePredictResponse(bytes: Uint8Array): Record<string, Tensor> {
  const budget = new Budget();
  const outputs: [string, Tensor][] = [];
  eachOutput(bytes, budget, (name, value) => outputs.push([name, decodeTensor(value, budget)]));
  return Object.fromEntries(outputs);
}

/** Messages up to this size cannot make a generic codec take much. */
const FREE_BYTES = 2 ** 20;

/** Throws as {@link decodePredictResponse} does where a codec that knows nothing of shapes would take too much memory for it. */
export function checkPredictResponse(bytes: Uint8Array): void {
  if (bytes.length <= FREE_BYTES) return;
  const budget = new Budget();
  eachOutput(bytes, budget, (_name, value) => {
    const { dtype, count, lists } = lookAt(value);
    const list = isOtherType(dtype) ? undefined : lists.get(protoTypes[dtype].list);
    if (list !== undefined) checkLength(list.count, count);
    for (const [field, { count: listed }] of lists) budget.charge(genericBytes(field) * listed);
  });
}

function eachOutput(bytes: Uint8Array, budget: Budget, take: (name: string, value: Uint8Array) => void): void {
  for (const reader = new WireReader(bytes); !reader.done;) {
    const tag = reader.uint32();
    if (tag === 0x0a) reader.nested((entry) => readEntry(entry, budget, take));
    else reader.skip(tag);
  }
}

function readEntry(reader: WireReader, budget: Budget, take: (name: string, value: Uint8Array) => void): void {
  let [key, value] = [NOTHING, NOTHING];
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x0a) key = reader.delimited();
    else if (tag === 0x12) value = reader.delimited();
    else reader.skip(tag);
  }
  budget.charge(OUTPUT_BYTES + key.length);
  const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString("utf8");
  try {
    take(name, value);
  } catch (error) {
    if (error instanceof StatusError) throw new StatusError(error.code, `output "${name}": ${error.message}`);
    throw error;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** A TensorProto's bytes as a tensor; of a type that Lathe has no values for, its content, or where it has none all its bytes. */
export function decodeTensor(bytes: Uint8Array, budget = new Budget()): Tensor {
  const { dtype, shape, count, content, lists } = lookAt(bytes);
  if (isOtherType(dtype) || content.length > 0) {
    const kept = content.length > 0 ? content : bytes;
    budget.charge(kept.length);
    return tensorOfContent(dtype, shape, count, kept);
  }
  const { list } = protoTypes[dtype];
  const found = lists.get(list) ?? new TypedList(list, listKind(list) as ListKind);
  return { dtype, shape, data: found.data(bytes, dtype, count, budget) };
}

/** What a TensorProto says of itself, and how long its lists are: looked at before anything is allocated for them. */
function lookAt(bytes: Uint8Array) {
  let number = 0;
  let shape: number[] = [];
  let content = NOTHING;
  const lists = new Map<number, TypedList>();
  for (const reader = new WireReader(bytes); !reader.done;) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const kind = listKind(field);
    if (tag === 0x08) number = reader.uint32();
    else if (tag === 0x12) shape = reader.nested(decodeShape);
    else if (tag === 0x22) content = reader.delimited();
    else if (kind !== undefined) {
      let list = lists.get(field);
      if (list === undefined) lists.set(field, (list = new TypedList(field, kind)));
      list.look(reader, tag & 7);
    } else reader.skip(tag);
  }
  const dtype: DType = dtypeOf(number);
  return { dtype, shape, count: elementCount(shape, "INTERNAL"), content, lists };
}

/** The sizes of a TensorShapeProto. Throws StatusError INTERNAL for an unknown rank: a value always has one. */
function decodeShape(reader: WireReader): number[] {
  const shape: number[] = [];
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x12) {
      if (shape.length === MAX_RANK) throw new StatusError("INTERNAL", `a tensor of more than ${MAX_RANK} dimensions`);
      shape.push(reader.nested(decodeDim));
    } else if (tag === 0x18) {
      if (reader.uint32() !== 0) throw new StatusError("INTERNAL", "a tensor of unknown rank in an answer");
    } else reader.skip(tag);
  }
  return shape;
}

function decodeDim(reader: WireReader): number {
  let size = 0;
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === 0x08) size = reader.int64();
    else reader.skip(tag);
  }
  return size;
}
