import { StatusError } from "../../codes.ts";
import type { WireReader } from "../../transport/protobuf-reader.ts";

/** The sizes of a TensorShapeProto. Throws StatusError INTERNAL for an unknown rank: a value always has one. */
export function decodeShape(reader: WireReader): number[] {
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
