import type { PredictRequest } from "../client.ts";
import { WireReader } from "../transport/protobuf-reader.ts";
import { fieldSize, type GatheredMessage, GatherWriter } from "../transport/protobuf-writer.ts";
import type { Encode } from "./bodies.ts";

/* The two messages of TorchServe's inference.proto that a prediction needs, field by field. */

export const PREDICTIONS = "/org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions";

/** The one entry of `PredictionsRequest.input`: TorchServe's examples call it so. */
const INPUT = Buffer.from("data");

/**
 * A PredictionsRequest: `model_name` (1), and `input` (3), a map from text to bytes. `model_version` is left out: the default
 * version answers, and it is the only one there is. The pieces share memory with the request's tensors.
 */
export function encodePredictionsRequest(request: PredictRequest, encode: Encode): GatheredMessage {
  const body = encode(request);
  const size = body.reduce((sum, piece) => sum + piece.length, 0);
  const out = new GatherWriter();
  out.bytes(0x0a, Buffer.from(request.model, "utf8"));
  out.varint(0x1a);
  out.varint(fieldSize(INPUT.length) + fieldSize(size));
  out.bytes(0x0a, INPUT);
  out.varint(0x12);
  out.varint(size);
  for (const piece of body) out.raw(piece);
  return { pieces: out.finish(), length: out.length };
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** The bytes `prediction` (1) of a PredictionResponse, shared. Throws StatusError INTERNAL where the bytes are none. */
export function decodePredictionResponse(bytes: Uint8Array): Uint8Array {
  let prediction = NOTHING;
  for (const reader = new WireReader(bytes); !reader.done;) {
    const tag = reader.uint32();
    if (tag === 0x0a) prediction = reader.delimited();
    else reader.skip(tag);
  }
  return prediction;
}
