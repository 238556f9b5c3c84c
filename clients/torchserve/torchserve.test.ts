import protobuf from "protobufjs";
import { afterEach, describe, expect, test } from "vitest";
import type { Client, PredictRequest } from "../client.ts";
import { clientKind } from "../registry.ts";
import { grpcServer, httpServer, type Loopback } from "../testing/loopback.ts";
import { decodeAnswer } from "./answer.ts";
import { encodeFile, encodeNpy } from "./bodies.ts";
import { encodePredictionsRequest, PREDICTIONS } from "./messages.ts";

const pixels = (shape: number[]): PredictRequest => {
  const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 251);
  return { model: "ssd", inputs: { inputs: { dtype: "DT_UINT8", shape, data } }, timeoutMs: 5_000 };
};
const file = (...files: string[]): PredictRequest => ({
  model: "ssd",
  inputs: { inputs: { dtype: "DT_STRING", shape: [files.length], data: files.map((f) => Buffer.from(f)) } },
  timeoutMs: 5_000,
});
const ANSWER = JSON.stringify({ detection_scores: [[0.5, 0.25]], num_detections: [2] });
const OUTPUTS = {
  detection_scores: { dtype: "DT_FLOAT", shape: [1, 2], data: Float32Array.of(0.5, 0.25) },
  num_detections: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(2) },
};

/** TorchServe's messages as its inference.proto has them, read by another codec. */
const { root } = protobuf.parse(`syntax = "proto3";
message PredictionsRequest { string model_name = 1; string model_version = 2; map<string, bytes> input = 3; }
message PredictionResponse { bytes prediction = 1; }`);
const [Request, Response] = ["PredictionsRequest", "PredictionResponse"].map((name) => root.lookupType(name)) as [
  protobuf.Type,
  protobuf.Type,
];

const open: { close(): unknown }[] = [];
afterEach(() => void open.splice(0).forEach((one) => one.close()));
const to = async (server: Loopback, kind: string): Promise<Client> => {
  const client = clientKind(kind).create("127.0.0.1", server.port);
  open.push(server, client);
  await client.open(5_000);
  return client;
};

describe("a request", () => {
  test.each([[[1, 2, 3, 3]], [[2, 375, 500, 3]], [[1, 1, 1, 3]], [[1, 12345, 1, 3]]])(
    "carries pixels %j as a file of NumPy, whose head is aligned",
    (shape) => {
      const [head, data] = encodeNpy(pixels(shape)) as [Buffer, Uint8Array];
      expect(head.length % 64).toBe(0);
      expect(head.readUInt16LE(8)).toBe(head.length - 10);
      expect(head.toString("latin1")).toMatch(
        new RegExp(
          `^\\x93NUMPY\\x01\\0..{'descr': '\\|u1', 'fortran_order': False, 'shape': \\(${shape.join(", ")},\\), } *\\n$`,
          "s",
        ),
      );
      expect(data).toHaveLength(shape.reduce((a, b) => a * b, 1));
    },
  );

  test("is, over gRPC, what another codec of TorchServe's messages reads", () => {
    for (const [request, encode] of [
      [pixels([1, 40, 60, 3]), encodeNpy],
      [file("\xff\xd8 a JPEG"), encodeFile],
      [file(""), encodeFile],
    ] as const) {
      const message = encodePredictionsRequest(request, encode);
      const bytes = Buffer.concat(message.pieces);
      expect(bytes).toHaveLength(message.length);
      const { modelName, modelVersion, input } = Request.decode(bytes) as unknown as {
        modelName: string;
        modelVersion: string;
        input: Record<string, Uint8Array>;
      };
      expect([modelName, modelVersion, Object.keys(input)]).toEqual(["ssd", "", ["data"]]);
      expect(Buffer.compare(input["data"] ?? Buffer.alloc(1), Buffer.concat(encode(request)))).toBe(0);
    }
  });

  test.each([
    ["two files", file("a", "b"), encodeFile],
    ["no file", pixels([1, 2, 2, 3]), encodeFile],
    ["text for pixels", file("a"), encodeNpy],
    [
      "two inputs",
      { ...file("a"), inputs: { ...file("a").inputs, ...{ more: file("b").inputs["inputs"] } } },
      encodeFile,
    ],
    [
      "too few pixels",
      { ...pixels([1, 2, 2, 3]), inputs: { i: { dtype: "DT_UINT8", shape: [1, 9, 9, 3], data: new Uint8Array(3) } } },
      encodeNpy,
    ],
  ] as const)("with %s is refused before it is sent", (_what, request, encode) => {
    expect(() => encode(request as PredictRequest)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

describe("a client", () => {
  test.each(["torchserve-rest", "torchserve-rest-pixels", "torchserve-rest-json"])(
    "%s posts to the model, and reads the answer",
    async (kind) => {
      const asked: string[] = [];
      const server = await httpServer(({ method, path }) => {
        asked.push(`${method} ${path}`);
        return [200, ANSWER];
      });
      const client = await to(server, kind);
      const result = await client.call(clientKind(kind).input === "file" ? file("a") : pixels([1, 2, 2, 3]));
      expect(result).toMatchObject({ ok: true, outputs: OUTPUTS, responseBytes: ANSWER.length });
      expect(asked).toEqual(["POST /predictions/ssd"]);
    },
  );

  test.each(["torchserve-grpc", "torchserve-grpc-file"])("%s calls Predictions, and reads the answer", async (kind) => {
    const asked: string[] = [];
    const server = await grpcServer((path) => {
      asked.push(path);
      return Response.encode({ prediction: Buffer.from(ANSWER) }).finish();
    });
    const client = await to(server, kind);
    const result = await client.call(clientKind(kind).input === "file" ? file("a") : pixels([1, 2, 2, 3]));
    expect(result).toMatchObject({ ok: true, outputs: OUTPUTS });
    expect(asked).toEqual([PREDICTIONS]);
  });

  test.each([
    [
      404,
      { code: 404, type: "ModelNotFoundException", message: "Model not found: ssd" },
      "NOT_FOUND: ModelNotFoundException: Model not found: ssd",
    ],
    [
      503,
      { code: 503, type: "InternalServerException", message: "Prediction failed" },
      "UNAVAILABLE: InternalServerException: Prediction failed",
    ],
    [500, "<html>", 'INTERNAL: HTTP 500: "<html>"'],
    [400, "", 'INVALID_ARGUMENT: HTTP 400: ""'],
  ] as const)("tells a failure (HTTP %i) in the server's words", async (status, body, words) => {
    const client = await to(await httpServer(() => [status, JSON.stringify(body)]), "torchserve-rest");
    const result = await client.call(file("a"));
    expect(result.ok ? "answered" : `${result.error.code}: ${result.error.message}`).toBe(words);
  });
});

test.each([
  ["{", /not JSON/],
  ["[1]", /not a JSON object/],
  ['{"x": [[1], [1, 2]]}', /output "x" in the answer: its lists are not all of shape \[2,1\]/],
  ['{"x": [1, "a"]}', /output "x"/],
  ['{"x": null}', /output "x"/],
  [`{"x": ${"[".repeat(300)}1${"]".repeat(300)}}`, /nested 300 deep/],
])("an answer %j is refused with what is wrong", (text, words) => {
  expect(() => decodeAnswer(Buffer.from(text))).toThrow(words);
});
