import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messages } from "../../protos/index.ts";
import { encodePredictRequest } from "../../clients/tf-serving/messages/encode.ts";
import { JsonBuffer } from "../../clients/json/buffer.ts";
import { encodePredictBody } from "../../clients/tf-serving/json-encode.ts";
import type { PredictRequest, Tensor } from "../../clients/client.ts";

/** The model's name in every request of the client benchmark. */
export const MODEL = "ssd-mobilenet";

/** How many boxes the fixed answers hold, so that an answer has about 12 kB in each protocol. */
export const GRPC_BOXES = 500;
export const REST_BOXES = 165;

/** Height and width of the image: 921,600 bytes of pixels. */
const [HEIGHT, WIDTH] = [480, 640] as const;
export const IMAGE_SHAPE = [1, HEIGHT, WIDTH, 3] as const;

/** The bytes of both protocols. */
export const BYTES = ["grpcRequest", "grpcAnswer", "restRequest", "restAnswer"] as const;

/** The request of the client benchmark, and the bytes of request and answer in both protocols. */
export interface Payload extends Readonly<Record<(typeof BYTES)[number], Buffer>> {
  readonly request: PredictRequest;
}

/** How large requests and answers are. */
interface Size {
  readonly shape: readonly [batch: 1, height: number, width: number, channels: 3];
  readonly grpcBoxes: number;
  readonly restBoxes: number;
}

/** A photograph's pixels, and a detector's answer. */
const LARGE: Size = { shape: IMAGE_SHAPE, grpcBoxes: GRPC_BOXES, restBoxes: REST_BOXES };

/** A few hundred bytes there and back: what a call costs besides its bytes. */
export const SMALL: Size = { shape: [1, 8, 8, 3], grpcBoxes: 1, restBoxes: 1 };

/** The payload, always the same: an image of seeded noise (as many digits in JSON as a photograph), a detector's answer. */
export function makePayload(timeoutMs: number, { shape, grpcBoxes, restBoxes }: Size = LARGE): Payload {
  const image = noise(shape[1] * shape[2] * shape[3]);
  const request: PredictRequest = {
    model: MODEL,
    inputs: { inputs: { dtype: "DT_UINT8", shape, data: image } },
    timeoutMs,
  };
  const body = new JsonBuffer();
  encodePredictBody(request, "serving_default", body);
  return {
    request,
    grpcRequest: Buffer.concat(encodePredictRequest(request).pieces),
    grpcAnswer: grpcAnswer(detections(grpcBoxes)),
    restRequest: Buffer.from(body.written()),
    restAnswer: restAnswer(detections(restBoxes)),
  };
}

export type Outputs = Readonly<Record<string, readonly [shape: readonly number[], values: Float32Array]>>;

/** A detector's answer of so many boxes. */
export function detections(count: number): Outputs {
  return {
    detection_boxes: [[1, count, 4], Float32Array.from(noise(4 * count), (v) => v / 255)],
    detection_scores: [[1, count], Float32Array.from(noise(count), (v) => v / 255)],
    detection_classes: [[1, count], Float32Array.from(noise(count), (v) => v % 90)],
    num_detections: [[1], Float32Array.of(count)],
  };
}

/** An answer in row form, floats with nine digits, as TF Serving writes it. */
function restAnswer(outputs: Outputs): Buffer {
  const row = Object.entries(outputs).map(([name, [shape, values]]) => {
    const texts = Array.from(values, (v) => (Number.isInteger(v) ? v.toFixed(1) : String(Number(v.toPrecision(9)))));
    if (shape.length === 1) return `"${name}": ${texts.join("")}`;
    if (shape.length === 2) return `"${name}": [${texts.join(", ")}]`;
    const quads = Array.from({ length: texts.length / 4 }, (_, i) => `[${texts.slice(4 * i, 4 * i + 4).join(", ")}]`);
    return `"${name}": [${quads.join(", ")}]`;
  });
  return Buffer.from(`{"predictions": [{${row.join(", ")}}]}`);
}

const FILES = {
  grpcRequest: "request.bin",
  grpcAnswer: "answer.bin",
  restRequest: "request.json",
  restAnswer: "answer.json",
} as const;

/** Paths of the payload, for the programs that read it from files. */
export type PayloadFiles = Readonly<Record<(typeof BYTES)[number] | "folder", string>>;

/** Writes the payload into a folder, and the image in NumPy's file format. */
export async function writePayload(payload: Payload, folder: string): Promise<PayloadFiles> {
  await writeFile(join(folder, "image.npy"), npy(payload.request.inputs["inputs"] as Tensor));
  for (const name of BYTES) await writeFile(join(folder, FILES[name]), payload[name]);
  const paths = BYTES.map((name) => [name, join(folder, FILES[name])]);
  return { folder, ...Object.fromEntries(paths) } as PayloadFiles;
}

/** A DT_UINT8 tensor in NumPy's file format, version 1.0. */
function npy(tensor: Tensor): Buffer {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${tensor.shape.join(", ")},), }`;
  // Magic, version, length and text together fill a multiple of 64 bytes and end with a line break.
  const text = `${header.padEnd(Math.ceil((10 + header.length + 1) / 64) * 64 - 11)}\n`;
  const head = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, text.length & 0xff, text.length >> 8]);
  return Buffer.concat([head, Buffer.from(text, "latin1"), tensor.data as Uint8Array]);
}

/** An answer with typed fields, as TF Serving writes it. */
function grpcAnswer(outputs: Outputs): Buffer {
  const type = messages().lookupType("tensorflow.serving.PredictResponse");
  const answer = {
    model_spec: { name: MODEL, version: { value: 1 }, signature_name: "serving_default" },
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, [shape, values]]) => [
        name,
        { dtype: 1, tensor_shape: { dim: shape.map((size) => ({ size })) }, float_val: [...values] },
      ]),
    ),
  };
  return Buffer.from(type.encode(type.fromObject(answer)).finish());
}

/** Bytes without any pattern, the same on every machine: the SHA-256 of 0, 1, 2 and so on. */
function noise(length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0, block = 0; at < length; at += 32, block++)
    createHash("sha256").update(`lathe ${block}`).digest().copy(bytes, at);
  return bytes;
}
