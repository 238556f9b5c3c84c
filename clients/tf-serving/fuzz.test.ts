import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { messageOptions, messages } from "../../protos/index.ts";
import { checkWords, fuzz, fuzzAsync, nearBytes, nearJson, nearText } from "../../lib/testing/fuzz.ts";
import { checkStatus, unwrapMessage } from "../transport/grpc-framing.ts";
import { Http2Connection } from "../transport/h2/connection.ts";
import { Exchange, type Received } from "../transport/h2/exchange.ts";
import { frame, settingsFrame } from "../transport/h2/frames.ts";
import { encodeBlock } from "../transport/h2/hpack.ts";
import { tensorOfObject, type TensorObject } from "./messages/grpc-js-objects.ts";
import { HttpConnection } from "../transport/http.ts";
import { errorText } from "../json/decode.ts";
import { decodePredictAnswer } from "./json-decode.ts";
import { modelStatusOf, versionOfMetadata } from "./status-messages.ts";
import { decodePredictResponse } from "./messages/decode.ts";
import { settled } from "../testing/settled.ts";

vi.setConfig({ testTimeout: 300_000 });

const Response = messages().lookupType("tensorflow.serving.PredictResponse");
const shape = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size })) });
const floats = (count: number) => Array.from({ length: count }, (_, i) => i / 7);
const ANSWERS = [
  {
    outputs: {
      detection_boxes: { dtype: 1, tensor_shape: shape(1, 3, 4), float_val: floats(12) },
      detection_scores: {
        dtype: 1,
        tensor_shape: shape(1, 3),
        tensor_content: Buffer.from(Float32Array.of(1, 2, 3).buffer),
      },
      num_detections: { dtype: 1, tensor_shape: shape(1), float_val: [3] },
    },
    model_spec: { name: "m", version: { value: 1 }, signature_name: "serving_default" },
  },
  {
    outputs: {
      ids: { dtype: 9, tensor_shape: shape(2), int64_val: [1, -1] },
      names: { dtype: 7, tensor_shape: shape(2), string_val: [Buffer.from("a"), Buffer.from("b")] },
      counts: { dtype: 3, tensor_shape: shape(4), int_val: [9] },
      flags: { dtype: 10, tensor_shape: shape(2), bool_val: [true, false] },
    },
  },
].map((answer) => Buffer.from(Response.encode(Response.fromObject(answer)).finish()));

test("gRPC answers with any faults are tensors or a status that says what is wrong", () => {
  const seen = { value: 0, error: 0 };
  const before = process.memoryUsage().rss;
  fuzz(0.8, nearBytes(ANSWERS), (bytes) => {
    seen[settled(() => decodePredictResponse(bytes), /answer|output|tensor|element/)] += 1;
  });
  expect(seen.value).toBeGreaterThan(0);
  expect(seen.error).toBeGreaterThan(0);
  expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
});

test("so are those that grpc-js decoded", () => {
  fuzz(0.2, nearBytes(ANSWERS), (bytes) => {
    let object: { outputs?: Record<string, TensorObject> };
    try {
      object = Response.toObject(Response.decode(bytes), messageOptions);
    } catch {
      return; // grpc-js makes a status of what its codec throws
    }
    settled(() =>
      Object.fromEntries(Object.entries(object.outputs ?? {}).map(([name, tensor]) => [name, tensorOfObject(tensor)])),
    );
  });
});

test("few bytes that claim a huge tensor are a status, and take no memory", () => {
  const before = process.memoryUsage().rss;
  for (const dtype of [1, 2, 3, 4, 7, 9, 10])
    for (const sizes of [[2 ** 28], [2 ** 14, 2 ** 14], [2 ** 24], Array<number>(300).fill(1)]) {
      const output = {
        dtype,
        tensor_shape: shape(...sizes),
        ...(dtype === 7 ? { string_val: [Buffer.from("x")] } : {}),
      };
      const bytes = Response.encode(Response.fromObject({ outputs: { x: output } })).finish();
      expect(settled(() => decodePredictResponse(bytes), /output "x"/)).toBe("error");
      const { outputs } = Response.toObject(Response.decode(bytes), messageOptions) as {
        outputs: Record<string, TensorObject>;
      };
      expect(settled(() => ({ x: tensorOfObject(outputs["x"] as TensorObject) }))).toBe("error");
    }
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

const ROWS = { predictions: [{ detection_boxes: [[0.1, 0.2, 0.3, 0.4]], num_detections: 1, name: { b64: "YQ==" } }] };
const COLUMNS = { outputs: { detection_scores: [[0.5, 0.25]], flags: [true, false], text: ["a"] } };

test("REST answers with any faults are tensors or a status that says what is wrong", () => {
  const words = /answer|output|error|HTTP/;
  fuzz(
    0.5,
    nearJson([ROWS, COLUMNS, { predictions: [1, 2, 3] }, { error: "no such model" }]).map((v) => JSON.stringify(v)),
    (text) => void settled(() => decodePredictAnswer(text), /./),
  );
  const texts = [JSON.stringify(ROWS), JSON.stringify(COLUMNS, null, 1), '{"predictions": [NaN, -Infinity, 1e999]}'];
  fuzz(0.5, nearText(texts), (text) => {
    settled(() => decodePredictAnswer(text), /./);
    checkWords(errorText(500, text), words);
    expect(errorText(500, text).length).toBeLessThan(2000);
  });
});

test("lists nested without end are a status", () => {
  const deep = (depth: number) => `{"predictions":${"[".repeat(depth)}1${"]".repeat(depth)}}`;
  expect(settled(() => decodePredictAnswer(deep(20)))).toBe("value");
  for (const depth of [500, 100_000])
    expect(settled(() => decodePredictAnswer(deep(depth)), /nested|JSON/)).toBe("error");
});

test("status and metadata with any faults are values or a status that says what is wrong", () => {
  const status = {
    model_version_status: [{ version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } }],
  };
  const tensor = {
    dtype: "DT_FLOAT",
    tensor_shape: { dim: [{ size: "-1", name: "" }], unknown_rank: false },
    name: "x:0",
  };
  const metadata = {
    model_spec: { name: "m", signature_name: "", version: "1" },
    metadata: {
      signature_def: { signature_def: { serving_default: { inputs: { inputs: tensor }, outputs: { x: tensor } } } },
    },
  };
  for (const [valid, read] of [
    [status, modelStatusOf],
    [metadata, versionOfMetadata],
  ] as const)
    fuzz(0.12, nearJson([valid]), (value) => {
      settled(() => {
        read(value);
        return {};
      }, /the answer is no/);
    });
});

test("an answer without end is given up at the limit, over either protocol", async () => {
  const socket = new DeafSocket();
  const connection = new Http2Connection(socket as unknown as Socket);
  void connection.greet();
  const outcome = new Promise<unknown>((resolve) =>
    connection.start(new Exchange(HEAD, [Buffer.alloc(1)], resolve, resolve, 10_000)),
  );
  connection.receive(
    Buffer.concat([
      settingsFrame([]),
      frame(1, 4, 1, HEAD),
      ...Array<Buffer>(3).fill(frame(0, 0, 1, Buffer.alloc(5000))),
    ]),
  );
  expect(await outcome).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expect(connection.usable).toBe(true);

  const server = createServer((_request, response) => {
    response.on("error", () => {});
    const more = () => {
      while (response.writable && response.write(Buffer.alloc(5000)));
    };
    response.on("drain", more);
    more();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const http = new HttpConnection("127.0.0.1", (server.address() as AddressInfo).port);
  http.largestAnswerBytes = 10_000;
  await http.ready(5000);
  await expect(http.exchange("GET", "/", null, 5000)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  await http.close();
  server.closeAllConnections();
  server.close();
});

/** A socket that takes everything and says nothing. */
class DeafSocket extends EventEmitter {
  writable = true;
  written = 0;
  write(bytes: Uint8Array, done?: () => void): boolean {
    this.written += bytes.length;
    done?.();
    return true;
  }
  cork(): void {}
  uncork(): void {}
  destroy(): void {
    this.writable = false;
  }
}

const HEAD = encodeBlock([[":status", "200"], ["content-type", "application/grpc"]]); // prettier-ignore
const TRAILER = encodeBlock([["grpc-status", "0"], ["grpc-message", ""]]); // prettier-ignore
const FAILED = encodeBlock([[":status", "200"], ["content-type", "application/grpc"], ["grpc-status", "5"], ["grpc-message", "no%20model"]]); // prettier-ignore

function wire(answer: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(answer.length, 1);
  return Buffer.concat([
    settingsFrame([
      [3, 100],
      [4, 65_535],
    ]),
    frame(4, 1, 0, Buffer.alloc(0)),
    frame(8, 0, 0, Buffer.of(0, 1, 0, 0)),
    frame(6, 0, 0, Buffer.alloc(8)),
    frame(1, 4, 1, HEAD),
    frame(0, 0, 1, Buffer.concat([prefix, answer.subarray(0, 10)])),
    frame(0, 8, 1, Buffer.concat([Buffer.of(2), answer.subarray(10), Buffer.alloc(2)])),
    frame(1, 5, 1, TRAILER),
  ]);
}

const STREAMS = [
  ...ANSWERS.map(wire),
  Buffer.concat([settingsFrame([]), frame(1, 5, 1, FAILED)]),
  Buffer.concat([settingsFrame([]), frame(3, 0, 1, Buffer.of(0, 0, 0, 8)), frame(7, 0, 0, Buffer.alloc(8))]),
];

test("HTTP/2 bytes with any faults, in pieces of any size, settle a call once: an answer, or a reason", async () => {
  const seen = { value: 0, error: 0 };
  const cases = fc.record({ bytes: nearBytes(STREAMS), piece: fc.integer({ min: 1, max: 400 }) });
  await fuzzAsync(1, cases, async ({ bytes, piece }) => {
    const socket = new DeafSocket();
    const connection = new Http2Connection(socket as unknown as Socket);
    const greeted = connection.greet().catch((error: Error) => checkWords(error.message, /./));
    let ends = 0;
    const received = new Promise<Received | Error>((resolve) => {
      const end = (value: Received | Error) => {
        ends += 1;
        resolve(value);
      };
      connection.start(new Exchange(HEAD, [Buffer.alloc(100)], end, end));
    });
    for (let at = 0; at < bytes.length; at += piece) connection.receive(bytes.subarray(at, at + piece));
    socket.emit("close");
    const answer = await received;
    await greeted;
    expect(ends).toBe(1);
    expect(socket.written).toBeLessThan(100_000);
    if (answer instanceof Error) {
      checkWords(answer.message, /./);
      seen.error += 1;
      return;
    }
    const outcome = settled(() => {
      checkStatus(answer.headers, answer.trailers);
      return decodePredictResponse(unwrapMessage(answer.body));
    });
    seen[outcome] += 1;
  });
  expect(seen.value).toBeGreaterThan(0);
  expect(seen.error).toBeGreaterThan(0);
});
