import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { outputsOfText } from "../bench/targets/deployments.ts";
import { answerOfLine } from "../bench/records/answers.ts";
import { manifestOf } from "../bench/records/manifest.ts";
import { recordsOf } from "../bench/records/records.ts";
import { eachLine } from "../bench/run/agent/lines.ts";
import { messageOfLine } from "../bench/run/agent/protocol.ts";
import { errorText, parseJson } from "../clients/json/decode.ts";
import { decodeAnswer } from "../clients/plain-rest/messages.ts";
import { outputsOfBody } from "../clients/kserve-v2/http-body.ts";
import { decodeInferResponse } from "../clients/kserve-v2/messages.ts";
import { serverTotals as tritonTotals } from "../clients/kserve-v2/metrics.ts";
import { decodeRepositoryIndex, decodeServedConfig } from "../clients/kserve-v2/triton.ts";
import { decodePredictAnswer } from "../clients/tf-serving/json-decode.ts";
import { checkPredictResponse, decodePredictResponse, decodeTensor } from "../clients/tf-serving/messages/decode.ts";
import { tensorOfObject, type TensorObject } from "../clients/tf-serving/messages/grpc-js-objects.ts";
import { serverTotals } from "../clients/tf-serving/metrics.ts";
import { lacksBatch } from "../clients/tf-serving/rest-form.ts";
import { modelStatusOf, versionOfMetadata } from "../clients/tf-serving/status-messages.ts";
import { decodeAnswer as decodeTorchServe, failureOf } from "../clients/torchserve/answer.ts";
import { decodePredictionResponse } from "../clients/torchserve/messages.ts";
import { decoded } from "../clients/transport/content-coding.ts";
import { percentDecode, unwrapMessage } from "../clients/transport/grpc-framing.ts";
import { Http2Connection } from "../clients/transport/h2/connection.ts";
import { Exchange } from "../clients/transport/h2/exchange.ts";
import { frame, settingsFrame } from "../clients/transport/h2/frames.ts";
import { decodeBlock } from "../clients/transport/h2/hpack.ts";
import { ResponseReader } from "../clients/transport/response.ts";
import { parseInside } from "../infra/gate/inside.ts";
import { readInspected } from "../infra/gate/inspect.ts";
import { readConfigText } from "../infra/servers/tf-serving/models-config.ts";
import { loadFailure, readDescribed } from "../infra/servers/torchserve/described.ts";
import { fuzz } from "../lib/testing/fuzz.ts";
import { messageOptions, messages } from "../protos/index.ts";
import { PassThrough } from "node:stream";

vi.setConfig({ testTimeout: 300_000 });

/*
 * Every reader of what servers, agents and files say takes time that grows with the size of it. A case is a beginning, a piece that
 * comes again and again, and an end, all made of what means something to the reader.
 */

/** Sizes that are compared: eight times the bytes may take so many times the time. Eight is right, 64 would be quadratic. */
const [SMALL, LARGE] = [2 ** 13, 2 ** 16];
const MOST_TIMES = 24;
/** Milliseconds that a large one may take without further questions: a quadratic reader takes minutes. */
const AT_ONCE_MS = 25;
/** A shorter time of a small one says nothing. */
const LEAST_MS = 2;
/** Whatever else the machine does can only lengthen a time: the shortest of some counts, and only if it tells. */
const TRIES = 6;

const cpuMs = () => {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
};

function timed(read: (bytes: Buffer) => void, bytes: Buffer): number {
  const before = cpuMs();
  try {
    read(bytes);
  } catch {
    // Refused: that, too, in time.
  }
  return cpuMs() - before;
}

type Piece = string | readonly number[] | Buffer;
const bytesOf = (piece: Piece) => (typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece as Buffer));

/** `#` in a piece is a number, another one each time. */
function repeated(piece: Buffer, size: number): Buffer {
  if (piece.length === 0) return piece;
  const text = piece.toString("latin1");
  if (!text.includes("#")) return Buffer.alloc(size, piece);
  const parts: string[] = [];
  for (let i = 0, length = 0; length < size; i++)
    length += parts[parts.push(text.replaceAll("#", String(i))) - 1]?.length ?? 1;
  return Buffer.from(parts.join(""), "latin1");
}

type Case = { readonly begin: Buffer; readonly piece: Buffer; readonly end: Buffer };

function mustBeLinear(read: (bytes: Buffer) => void, { begin, piece, end }: Case): void {
  const of = (size: number) => Buffer.concat([begin, repeated(piece, size), end]);
  const [small, large] = [of(SMALL), of(LARGE)];
  let [least, most] = [Infinity, Infinity];
  for (let tries = 0; tries < TRIES; tries++) {
    most = Math.min(most, timed(read, large));
    if (most < AT_ONCE_MS) return;
    least = Math.min(least, Math.max(timed(read, small), LEAST_MS));
    if (most < MOST_TIMES * least) return;
  }
  const what = JSON.stringify([begin, piece, end].map((part) => part.toString("latin1").slice(0, 60)));
  expect(most, `${what}: ${most} and ${least} ms`).toBeLessThan(MOST_TIMES * least);
}

/** @param known what once took time that grew with the square of its size: beginning, piece and end */
function isLinear(
  read: (bytes: Buffer) => void,
  pieces: readonly Piece[],
  known: readonly (readonly [string, string, string])[] = [],
): void {
  for (const [begin, piece, end] of known)
    mustBeLinear(read, { begin: Buffer.from(begin), piece: Buffer.from(piece), end: Buffer.from(end) });
  const some = (maxLength: number) =>
    fc.array(fc.constantFrom(...pieces), { maxLength }).map((all) => Buffer.concat(all.map(bytesOf)));
  fuzz(0.006, fc.record({ begin: some(3), piece: some(3), end: some(3) }), (one) => mustBeLinear(read, one));
}

const JSON_PIECES = [
  ...[
    '"',
    "\\",
    '\\"',
    "NaN",
    "-Infinity",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "1",
    " ",
    "\n",
    '"a"',
    '"#":1,',
    "[],",
    "{},",
    '"",',
  ],
  ...['{"predictions":[', '{"outputs":{', '"a":1', '{"b64":"aa"}', "null", "0.5,", "]}", "}]}", "1e999,"],
];
const STATUS_PIECES = [
  '{"model_version_status":[',
  '{"version":"1","state":"END"},',
  '"status":{',
  '{"model_spec":{"version":',
];
const METADATA_PIECES = [
  '{"metadata":{"signature_def":{"signature_def":{"s":{"outputs":{',
  '"#":{"tensor_shape":{"dim":[]}},',
  '{"size":"1"},',
];
const KSERVE_PIECES = [
  '{"outputs":[',
  '{"name":"#","datatype":"FP32","shape":[1],"data":[',
  '{"name":"#","datatype":"FP32","shape":[0],"data":[]},',
  '"parameters":{"binary_data_size":0}},',
];
const KNOWN_JSON = [
  ...['\\"', '"\\', '\\"\n', '{"a":"\\"'].map((piece) => ["NaN", piece, ""] as const),
  ['{"predictions":[{', '"#":1,', '"z":1}]}'],
] as const;
const text = (read: (text: string) => unknown) => (bytes: Buffer) => void read(bytes.toString("utf8"));

test.each<[string, (text: string) => unknown, readonly string[]]>([
  ["an answer over REST", decodePredictAnswer, []],
  ["an answer of plain REST", decodeAnswer, []],
  ["an answer of KServe's over REST", (t) => outputsOfBody(Buffer.from(t), undefined), KSERVE_PIECES],
  ["an error over REST", (t) => errorText(500, t), ['{"error":"']],
  ["a model's status", (t) => modelStatusOf(parseJson(t)), STATUS_PIECES],
  ["a model's version", (t) => versionOfMetadata(parseJson(t)), STATUS_PIECES],
  ["a model's metadata", (t) => lacksBatch(parseJson(t), "s", 1), METADATA_PIECES],
  [
    "what an agent says",
    (t) => messageOfLine(t, '"edge"'),
    ['{"type":"answer","visit":1,"outputs":{', '"#":{"dtype":"a","shape":[],"values":['],
  ],
  [
    "a kept answer",
    (t) => answerOfLine(t, "a:1", false),
    ['{"cell":"a","outputs":{', '"#":{"dtype":"a","shape":[],"values":['],
  ],
  [
    "records",
    (t) => [
      ...recordsOf(
        { lines: t.split("\n"), first: 1, torn: true },
        "r",
        () => {},
        () => {},
      ),
    ],
    ['{"v":3,"type":"call"', "\n"],
  ],
  ["a run's manifest", (t) => manifestOf(t, "run.json"), ['{"schema":"']],
  ["a stack's outputs", (t) => outputsOfText(t, "o.json"), ['{"schema":"lathe.outputs/2"']],
  ["TorchServe's answer", (t) => decodeTorchServe(Buffer.from(t)), ['{"detection_scores":[[', "[0.5,"]],
  ["TorchServe's refusal", (t) => failureOf(500, Buffer.from(t)), ['{"type":"', '"message":"']],
  [
    "what TorchServe says of a model",
    readDescribed,
    [
      "HTTP/1.1 200 OK\r\n",
      "\r\n\r\n",
      '[{"modelUrl":"/m","batchSize":1,"workers":[',
      '{"id":"9000","status":"READY"},',
    ],
  ],
  [
    "TorchServe's log",
    (t) => loadFailure(t, "m"),
    ["W-9000-m_1.0-stdout MODEL_LOG - ", "ValueError: ", "Load model failed: m,", "_", "-stdout ", " - ", "a.b"],
  ],
  ["what docker inspects", readInspected, ['[{"Image":"', '"Labels":{']],
  [
    "a server's config",
    readConfigText,
    [
      "model_config_list {",
      'config { name: "a" ',
      "base_path: ",
      "model_version_policy { specific { versions: 1 } } ",
      "# ",
    ],
  ],
] as const)("%s is read in time that grows with its size", (_what, read, pieces) =>
  isLinear(text(read), [...JSON_PIECES, ...pieces], KNOWN_JSON),
);

test("a page of metrics is read in time that grows with its size", () => {
  const pieces = [
    ":tensorflow:serving:request_latency_sum{",
    'model_name="m"',
    'API="Predict"',
    ",",
    'a="',
    "\\",
    '"',
    "} ",
    " 1",
    "\n",
    "a",
    "_",
    "9",
  ];
  const series = ":tensorflow:serving:request_latency_sum{";
  isLinear(
    (bytes) => void serverTotals(bytes.toString("latin1"), "m", "grpc"),
    pieces,
    [["a", ""] as const, ['a="', ""] as const, ['\\"', 'a="'] as const, ["} ", ""] as const].map(
      ([piece, before]) => [series + before, piece, "} 1\n"] as const,
    ),
  );
});

test("KServe's messages and Triton's page of metrics are read in time that grows with their size", () => {
  const pieces: readonly Piece[] = [
    ...[
      [0x2a, 0],
      [0x2a, 3, 0x0a, 1, 0x61],
      [0x0a, 1, 0x61],
      [0x12, 4, 0x46, 0x50, 0x33, 0x32],
      [0x18, 1],
    ],
    ...[
      [0x1a, 2, 1, 1],
      [0x2a, 6, 0x12, 4, 0x46, 0x50, 0x33, 0x32],
      [0x2a, 3, 0x32, 1, 0],
      [0x32, 0],
      [0x10, 1],
    ],
    ...[[0x32, 4, 0, 0, 0, 0], [0xff]],
  ];
  isLinear((bytes) => void decodeInferResponse(bytes), pieces);
  isLinear((bytes) => void decodeRepositoryIndex(bytes), [[0x0a, 0], [0x0a, 3, 0x0a, 1, 0x61], ...pieces]);
  isLinear((bytes) => void decodeServedConfig(bytes), [[0x0a, 2, 0x3a, 0], [0x0a, 4, 0x5a, 2, 0x08, 1], ...pieces]);
  isLinear(
    (bytes) => void tritonTotals(bytes.toString("latin1"), "m"),
    ["nv_inference_request_success{", 'model="m"', ",", 'a="', "\\", '"', "} ", " 1", "\n", "a", "_"],
  );
});

test("what a container's inside says is read in time that grows with its size", () => {
  isLinear(text(parseInside), ["Cpus_allowed_list: ", "env ", "a=", "=", "\n", " ", "memory ", "9", "quota max", "\r"]);
});

test("lines are read in time that grows with them, in pieces of any size", () => {
  for (const size of [3, 1000])
    isLinear(
      (bytes) => {
        const stream = new PassThrough();
        eachLine(
          stream,
          () => {},
          () => {},
          100_000,
        );
        for (let at = 0; at < bytes.length; at += size) stream.emit("data", bytes.subarray(at, at + size));
      },
      ["\n", "a", "\r", "é", "{}"],
    );
});

test("TorchServe's gRPC answer is read in time that grows with its size", () => {
  isLinear(
    (bytes) => void decodePredictionResponse(bytes),
    [[0x0a, 0], [0x0a, 1, 0x7b], [0x12, 0], [0x08, 1], [0x0a], [0xff]],
  );
});

test("an HTTP/1.1 response is read in time that grows with its size, in pieces of any size", () => {
  const pieces = [
    ...[
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 103 Early\r\n\r\n",
      "\r\n",
      "\r\n\r\n",
      "\n",
      " ",
      "a: b\r\n",
      "\r\n ",
      "Content-Length: 9",
    ],
    ...[
      ", 9",
      "Content-Length: 9999999\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Connection: close\r\n",
      "1\r\na\r\n",
      "0\r\n",
      ";a=1",
    ],
  ];
  for (const size of [3, 1000, Infinity])
    isLinear(
      (bytes) => {
        const reader = new ResponseReader(2 ** 28);
        const step = Math.min(size, bytes.length);
        for (let at = 0; at < bytes.length && reader.take(bytes.subarray(at, at + step)) === undefined; at += step);
      },
      pieces,
      [["", "HTTP/1.1 200 OK\r\n", ""]],
    );
});

test("codings of content are undone in time that grows with their size", () => {
  for (const coding of ["gzip", "deflate", "br"])
    isLinear((bytes) => void decoded(bytes, coding, 2 ** 22), [[0x1f, 0x8b, 8, 0], [0], [0x78, 0x9c], [3], [0xff]]);
});

class DeafSocket extends EventEmitter {
  writable = true;
  write(_bytes: Uint8Array, done?: () => void): boolean {
    done?.();
    return true;
  }
  cork(): void {}
  uncork(): void {}
  destroy(): void {}
}

const BLOCK = [
  [0x88],
  [0x00, 1, 0x78, 0],
  [0x0f, 2, 1, 0x61],
  [0x20],
  [0x00, 0x81, 0xff, 0],
  [0x7f, 0x80, 1],
  [0x40, 0x85],
];

test("HTTP/2 is read in time that grows with its size, in pieces of any size", () => {
  const [head, none] = [Buffer.of(0x88), Buffer.alloc(0)];
  const pieces = [
    ...[
      frame(0, 0, 1, none),
      frame(0, 0, 1, Buffer.of(1)),
      frame(0, 0, 1, Buffer.alloc(16_000)),
      frame(0, 8, 1, Buffer.of(0)),
    ],
    ...[
      frame(1, 4, 1, head),
      frame(1, 0, 1, head),
      frame(9, 0, 1, none),
      frame(9, 0, 1, head),
      frame(9, 4, 1, none),
      frame(1, 5, 1, head),
    ],
    ...[
      frame(6, 0, 0, Buffer.alloc(8)),
      settingsFrame([]),
      settingsFrame([
        [4, 1],
        [4, 2],
        [3, 0],
      ]),
      frame(8, 0, 0, Buffer.of(0, 0, 0, 1)),
    ],
    ...[
      frame(8, 0, 1, Buffer.of(0, 0, 0, 1)),
      frame(7, 0, 0, Buffer.alloc(8)),
      frame(2, 0, 1, Buffer.alloc(5)),
      frame(99, 0, 0, none),
    ],
  ];
  for (const size of [7, 5000, Infinity])
    isLinear((bytes) => {
      const connection = new Http2Connection(new DeafSocket() as unknown as Socket);
      connection.greet().catch(() => {});
      connection.start(
        new Exchange(
          head,
          [Buffer.alloc(10)],
          () => {},
          () => {},
        ),
      );
      connection.receive(settingsFrame([]));
      const step = Math.min(size, bytes.length);
      for (let at = 0; at < bytes.length; at += step) connection.receive(bytes.subarray(at, at + step));
    }, pieces);
});

test("header blocks and gRPC's frame are read in time that grows with their size", () => {
  isLinear((bytes) => void decodeBlock(bytes), BLOCK);
  isLinear((bytes) => void percentDecode(bytes.toString("latin1")), ["%", "%C3", "%20", "a", "%25"]);
  isLinear(
    (bytes) => void unwrapMessage(Array.from({ length: 100 }, () => bytes.subarray(0, bytes.length / 100))),
    [[0], [9]],
  );
});

const Tensor = messages().lookupType("tensorflow.TensorProto");
const TENSOR: readonly Piece[] = [
  ...[
    [0x08, 1],
    [0x08, 7],
    [0x08, 9],
    [0x08, 10],
    [0x08, 8],
    [0x12, 0],
    [0x12, 4, 0x12, 2, 0x08, 9],
    [0x12, 7, 0x12, 5, 0x08, 0x80, 0x80, 0x80, 1],
  ],
  ...[
    [0x22, 0],
    [0x22, 4, 1, 2, 3, 4],
    [0x2a, 4, 0, 0, 0, 0],
    [0x2a, 0],
    [0x2d, 0, 0, 0, 0],
    [0x42, 0],
    [0x42, 1, 0x61],
    [0x52, 1, 1],
    [0x50, 1],
  ],
  ...[[0x58, 1], [0x5a, 2, 1, 0], [0x30], [0x31], [0xff], [0x0a], [0x6a, 1, 1], [0x80, 1, 1], [0x8a, 1, 1, 1]],
];

test("protobuf messages are read in time that grows with their size, by either client", () => {
  isLinear((bytes) => void decodeTensor(bytes), TENSOR);
  isLinear(
    (bytes) => void tensorOfObject(Tensor.toObject(Tensor.decode(bytes), messageOptions) as TensorObject),
    TENSOR,
  );
  const answer: readonly Piece[] = [
    [0x0a, 0],
    [0x0a, 3, 0x0a, 1, 0x61],
    [0x0a, 4, 0x12, 2, 0x08, 1],
    [0x12, 0],
    [0x12, 2, 0x0a, 0],
    [0x08, 1],
    [0x0a],
  ];
  isLinear((bytes) => void decodePredictResponse(bytes), [...answer, ...TENSOR]);
  isLinear((bytes) => void checkPredictResponse(Buffer.concat([bytes, Buffer.alloc(2 ** 20 + 1, 0x08)])), answer);
});
