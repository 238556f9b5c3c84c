import { expect, test, vi } from "vitest";
import { fuzz, nearBytes, nearJson, nearText } from "../../lib/testing/fuzz.ts";
import { settled } from "../testing/settled.ts";
import type { Tensor } from "../client.ts";
import { outputsOfBody } from "./http-body.ts";
import { decodeInferResponse } from "./messages.ts";
import { serverTotals } from "./metrics.ts";
import { encoded } from "./testing/messages.ts";
import { decodeRepositoryIndex, decodeServedConfig } from "./triton.ts";

const outcomeOf = (body: () => Readonly<Record<string, Tensor>>) => settled(body, /answer|output|element|tensor/);

vi.setConfig({ testTimeout: 300_000 });

const FLOATS = Buffer.from(Float32Array.of(1, 2, 3).buffer);
const TEXTS = Buffer.from([1, 0, 0, 0, 97, 0, 0, 0, 0]);
const ANSWERS = [
  {
    outputs: [
      { name: "scores", datatype: "FP32", shape: [1, 3] },
      { name: "names", datatype: "BYTES", shape: [2] },
    ],
    raw_output_contents: [FLOATS, TEXTS],
  },
  {
    model_name: "m",
    outputs: [
      { name: "ids", datatype: "INT64", shape: [2], contents: { int64_contents: [1, -1] } },
      { name: "names", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from("a")] } },
      { name: "flags", datatype: "BOOL", shape: [2], contents: { bool_contents: [true, false] } },
    ],
  },
].map((answer) => encoded("ModelInferResponse", answer));

test("gRPC answers with any faults are tensors or a status that says what is wrong", () => {
  const seen = { value: 0, error: 0 };
  const before = process.memoryUsage().rss;
  fuzz(0.8, nearBytes(ANSWERS), (bytes) => {
    seen[outcomeOf(() => decodeInferResponse(bytes))] += 1;
  });
  expect(seen.value).toBeGreaterThan(0);
  expect(seen.error).toBeGreaterThan(0);
  expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
});

const JSON_ANSWER = {
  model_name: "m",
  outputs: [
    { name: "scores", datatype: "FP32", shape: [1, 3], parameters: { binary_data_size: FLOATS.length } },
    { name: "names", datatype: "BYTES", shape: [2], parameters: { binary_data_size: TEXTS.length } },
    { name: "ids", datatype: "INT64", shape: [2, 1], data: [[1], [-2]] },
    { name: "flags", datatype: "BOOL", shape: [2], data: [true, false] },
  ],
};

test("HTTP answers with any faults are tensors or a status that says what is wrong", () => {
  const seen = { value: 0, error: 0 };
  const ofText = (text: string) => {
    const json = Buffer.from(text, "utf8");
    return outcomeOf(() => outputsOfBody(Buffer.concat([json, FLOATS, TEXTS]), json.length));
  };
  expect(ofText(JSON.stringify(JSON_ANSWER))).toBe("value");
  fuzz(0.5, nearJson([JSON_ANSWER]), (value) => {
    seen[ofText(JSON.stringify(value))] += 1;
  });
  fuzz(0.3, nearText([JSON.stringify(JSON_ANSWER)]), (text) => void ofText(text));
  const whole = Buffer.concat([Buffer.from(JSON.stringify(JSON_ANSWER)), FLOATS, TEXTS]);
  fuzz(0.2, nearBytes([whole]), (bytes) => {
    for (const length of [undefined, whole.length - FLOATS.length - TEXTS.length, 0, 2 ** 40])
      outcomeOf(() => outputsOfBody(bytes, length));
  });
  expect(seen.value).toBeGreaterThan(0);
  expect(seen.error).toBeGreaterThan(0);
});

test("few bytes that claim a huge tensor are a status, and take no memory", () => {
  const before = process.memoryUsage().rss;
  for (const datatype of ["BOOL", "UINT8", "INT64", "FP16", "FP32", "FP64", "BYTES"])
    for (const shape of [[2 ** 28], [2 ** 14, 2 ** 14], [2 ** 30, 2 ** 30], [2 ** 53 - 1, 0, 2], [-1], [2 ** 40]]) {
      const output = { name: "x", datatype, shape };
      expect(outcomeOf(() => decodeInferResponse(encoded("ModelInferResponse", { outputs: [output] })))).toBe(
        shape.includes(0) && datatype !== "FP16" ? "value" : "error",
      );
      const json = (more: object) => Buffer.from(JSON.stringify({ outputs: [{ ...output, ...more }] }));
      outcomeOf(() => outputsOfBody(json({ data: [] }), undefined));
      if (!shape.includes(0)) {
        expect(outcomeOf(() => outputsOfBody(json({ data: [1] }), undefined))).toBe("error");
        const sized = json({ parameters: { binary_data_size: 4 } });
        expect(outcomeOf(() => outputsOfBody(Buffer.concat([sized, Buffer.alloc(4)]), sized.length))).toBe("error");
      }
    }
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

test("outputs without end and raw contents without end are a status, in bounded memory", () => {
  const before = process.memoryUsage().rss;
  const many = (piece: Buffer, bytes: number) => Buffer.alloc(bytes, piece);
  expect(outcomeOf(() => decodeInferResponse(many(Buffer.of(0x32, 0), 9 * 2 ** 20)))).toBe("error");
  expect(
    outcomeOf(() =>
      decodeInferResponse(
        many(encoded("ModelInferResponse", { outputs: [{ name: "x", datatype: "FP32", shape: [0] }] }), 9 * 2 ** 20),
      ),
    ),
  ).toBe("error");
  expect(process.memoryUsage().rss - before).toBeLessThan(2e9);
});

test("lists nested without end are a status", () => {
  const deep = (depth: number) =>
    Buffer.from(
      `{"outputs":[{"name":"x","datatype":"FP32","shape":[1],"data":${"[".repeat(depth)}1${"]".repeat(depth)}}]}`,
    );
  expect(outcomeOf(() => outputsOfBody(deep(20), undefined))).toBe("value");
  for (const depth of [500, 100_000]) expect(outcomeOf(() => outputsOfBody(deep(depth), undefined))).toBe("error");
});

test("what Triton says of its models, with any faults, is a value or a status", () => {
  const index = encoded("RepositoryIndexResponse", {
    models: [{ name: "a", version: "1", state: "READY", reason: "b" }],
  });
  const config = encoded("ModelConfigResponse", {
    config: { max_batch_size: 8, instance_group: [{ count: 2 }], dynamic_batching: { preferred_batch_size: [4, 8] } },
  });
  for (const [valid, read] of [
    [index, decodeRepositoryIndex],
    [config, decodeServedConfig],
  ] as const)
    fuzz(0.2, nearBytes([valid]), (bytes) => {
      outcomeOf(() => {
        read(bytes);
        return {};
      });
    });
});

const page = (count: number, whole: string) => `# HELP nv_inference_request_success Number of successful requests
# TYPE nv_inference_request_success counter
nv_inference_request_success{model="ssd",version="1"} ${count}
nv_inference_request_success{model="null",version="1"} 7
nv_inference_request_failure{model="ssd",reason="OTHER",version="1"} 3
nv_inference_count{model="ssd",version="1"} 99
nv_inference_request_duration_us{model="ssd",version="1"} ${whole}
nv_inference_queue_duration_us{model="ssd",version="1"} 50
nv_inference_compute_infer_duration_us{model="ssd",version="1"} 4000
nv_inference_compute_infer_duration_us{model="ssd",version="2"} 1000
`;

test("a page of metrics tells each model's requests and runs, all versions together", () => {
  expect(serverTotals(page(10, "123456"), "ssd")).toEqual({
    requests: { count: 10, sumMs: 123.456, stepMs: 0.001 },
    runs: { count: 10, sumMs: 5, stepMs: 0.002 },
    queue: { count: 10, sumMs: 0.05, stepMs: 0.001 },
  });
  const nothing = { count: 0, sumMs: 0, stepMs: 0 };
  expect(serverTotals(page(10, "1"), "other")).toEqual({ requests: nothing, runs: nothing });
  fuzz(0.5, nearText([page(10, "123456"), page(3, "NaN"), page(3, "1e400")]), (text) => {
    const { requests, runs } = serverTotals(text, "ssd");
    for (const { count, sumMs, stepMs } of [requests, runs])
      expect([count, sumMs, stepMs].every(Number.isFinite)).toBe(true);
  });
});
