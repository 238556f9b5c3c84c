import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientKinds } from "../../clients/registry.ts";
import type { CallResult, PredictRequest } from "../../clients/client.ts";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { progress } from "../../lib/progress.ts";
import { repoRoot } from "../../lib/paths.ts";
import { run, tryRun } from "../../lib/run.ts";
import { pythonEnv } from "../../models/index.ts";
import { answerOf, expectAsTensorFlow, photo, referenceAnswers, type Photo } from "../lab/kinds/reference.ts";
import { openvinoPath, startOpenvinoStandIn } from "./ov.ts";
import type { StandIn } from "./tfs.ts";

/*
 * The stand-in for OpenVINO Model Server over the real runtime, asked by Lathe's clients, the official stubs and plain HTTP. What is
 * expected is the real server's documentation, and TensorFlow's answers in float32.
 */

const KINDS = clientKinds.filter(({ api, input }) => ["tf-serving", "kserve-v2"].includes(api) && input === "pixels");
/**
 * By how much answers in f32 may differ from TensorFlow's: sums in other orders. Over eight photographs scores differed by at most 5.9e-6
 * and boxes by 1.0e-6, on a processor with AVX2; others sum in other orders still.
 */
const TOLERANCE = { score: 1e-5, box: 2e-6 };

let seen: Photo;
let server: StandIn;
const HEAD = "inference-header-content-length";

beforeAll(async () => {
  seen = await photo(7);
  server = await startOpenvinoStandIn(["ssd-mobilenet", "null"], { INFERENCE_PRECISION_HINT: "f32" });
});
afterAll(async () => await server?.stop());

const url = (path: string, of = server) => `http://127.0.0.1:${of.restPort}${path}`;

async function call(
  kindName: string,
  model: string,
  request: Partial<PredictRequest> = {},
  of = server,
): Promise<CallResult> {
  const kind = KINDS.find(({ name }) => name === kindName);
  if (kind === undefined) throw new Error(`no client kind ${kindName}`);
  const client = kind.create("127.0.0.1", kind.protocol === "grpc" ? of.grpcPort : of.restPort);
  const inputs = { inputs: { dtype: "DT_UINT8", shape: [1, seen.height, seen.width, 3], data: seen.data } } as const;
  try {
    await client.open(5_000);
    return await client.call({ model, inputs, timeoutMs: 60_000, ...request });
  } finally {
    await client.close();
  }
}

describe.each(KINDS.map(({ name }) => name))("%s gets", (name) => {
  it("TensorFlow's detections of a photograph, within the tolerance of f32", async () => {
    const expected = await referenceAnswers("ssd-mobilenet", seen);
    expectAsTensorFlow(expected.pixels, answerOf(await call(name, "ssd-mobilenet")), TOLERANCE);
  });

  it("the null model's constant answer, for a batch too", async () => {
    const expected = await referenceAnswers("null", seen);
    expect(answerOf(await call(name, "null"))).toMatchObject({ num_detections: { values: [10] } });
    expect(answerOf(await call(name, "null"))).toEqual(expected.pixels);
    const two = { dtype: "DT_UINT8", shape: [2, 4, 4, 3], data: new Uint8Array(96) } as const;
    expect(answerOf(await call(name, "null", { inputs: { inputs: two } }))).toMatchObject({
      ...{ detection_boxes: { shape: [2, 100, 4] }, num_detections: { shape: [2], values: [10, 10] } },
    });
  });

  it("a version by its number, and the reason where model, version or input are not there", async () => {
    expect(await call(name, "null", { version: 1 })).toMatchObject({ ok: true });
    expect(await call(name, "zz")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(await call(name, "null", { version: 7 })).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    const inputs = { inputs: { dtype: "DT_UINT8", shape: [1, 2, 2, 1], data: new Uint8Array(4) } } as const;
    expect(await call(name, "null", { inputs })).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT" } });
  });
});

describe("over KServe v2's HTTP, a client gets", () => {
  const infer = async (body: object | Uint8Array, headers: Record<string, string> = {}, model = "null") => {
    const sent = body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body);
    return fetch(url(`/v2/models/${model}/infer`), { method: "POST", body: sent, headers });
  };
  const tensor = { name: "inputs", shape: [1, 1, 2, 3], datatype: "UINT8" };
  const data = [1, 2, 3, 4, 5, 6];

  it("health, and metadata in KServe's words", async () => {
    for (const path of [
      "/v2/health/live",
      "/v2/health/ready",
      "/v2/models/null/ready",
      "/v2/models/null/versions/1/ready",
    ])
      expect((await fetch(url(path))).status, path).toBe(200);
    for (const path of ["/v2/models/zz/ready", "/v2/models/null/versions/7", "/v2/nothing"])
      expect((await fetch(url(path))).status, path).toBe(404);
    expect(await (await fetch(url("/v2/models/ssd-mobilenet"))).json()).toMatchObject({
      ...{ name: "ssd-mobilenet", versions: ["1"], platform: "OpenVINO" },
      inputs: [{ name: "inputs", datatype: "UINT8", shape: [-1, -1, -1, 3] }],
    });
    expect(await (await fetch(url("/v2"))).json()).toMatchObject({ name: "lathe-ov-stand-in" });
  });

  it("lists for lists, nested or flat, and bytes where it asks for bytes", async () => {
    for (const list of [data, [[[data.slice(0, 3), data.slice(3)]]]]) {
      const answer = await infer({
        id: "7",
        inputs: [{ ...tensor, data: list }],
        outputs: [{ name: "num_detections" }],
      });
      expect(await answer.json()).toEqual({
        ...{ model_name: "null", model_version: "1", id: "7" },
        outputs: [{ name: "num_detections", shape: [1], datatype: "FP32", data: [10] }],
      });
    }
    const head = JSON.stringify({
      inputs: [{ ...tensor, parameters: { binary_data_size: 6 } }],
      outputs: [{ name: "num_detections", parameters: { binary_data: true } }],
    });
    const body = Buffer.concat([Buffer.from(head), Buffer.from(data)]);
    const answer = await infer(body, { [HEAD]: `${head.length}` });
    const length = Number(answer.headers.get(HEAD));
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(JSON.parse(bytes.subarray(0, length).toString())).toMatchObject({
      outputs: [{ name: "num_detections", shape: [1], datatype: "FP32", parameters: { binary_data_size: 4 } }],
    });
    expect(bytes.subarray(length).readFloatLE()).toBe(10);
  });

  it.each<[string, object, RegExp]>([
    ["too few numbers", { inputs: [{ ...tensor, data: [1] }] }, /Invalid number of values .* Expected: 6; Actual: 1/],
    ["too few bytes", { inputs: [{ ...tensor, parameters: { binary_data_size: 3 } }] }, /Invalid content size/],
    [
      "another type",
      { inputs: [{ ...tensor, datatype: "FP32", data }] },
      /Invalid input precision - Expected: U8; Actual: F32/,
    ],
    ["a type that is none", { inputs: [{ ...tensor, datatype: "UINT9", data }] }, /Invalid input precision - UINT9/],
    [
      "another rank",
      { inputs: [{ ...tensor, shape: [6], data }] },
      /Invalid number of shape dimensions - Expected: \(-1,-1,-1,3\)/,
    ],
    ["another depth", { inputs: [{ ...tensor, shape: [1, 2, 3, 1], data }] }, /Invalid input shape/],
    ["no inputs", {}, /cannot be read/],
    ["inputs that are none", { inputs: 3 }, /cannot be read/],
    ["outputs that are none", { inputs: [{ ...tensor, data }], outputs: [3] }, /cannot be read/],
    ["parameters that are none", { inputs: [{ ...tensor, data }], parameters: [] }, /cannot be read/],
    [
      "a size of bytes that is none",
      { inputs: [{ ...tensor, parameters: { binary_data_size: "6" } }] },
      /cannot be read/,
    ],
    ["a size below nothing", { inputs: [{ ...tensor, parameters: { binary_data_size: -6 } }] }, /Invalid content size/],
    ["words for numbers", { inputs: [{ ...tensor, data: ["a"] }] }, /cannot be read|Invalid/],
  ])("400 for %s, with the reason", async (_what, body, words) => {
    const answer = await infer(body);
    expect([answer.status, await answer.json()]).toEqual([400, { error: expect.stringMatching(words) as string }]);
  });
});

describe("the server tells", () => {
  it("every model's state, and that nothing is new", async () => {
    const one = {
      model_version_status: [{ version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "OK" } }],
    };
    const all = { "ssd-mobilenet": one, null: one };
    expect(await (await fetch(url("/v1/config"))).json()).toEqual(all);
    const again = await fetch(url("/v1/config/reload"), { method: "POST" });
    expect([again.status, await again.json()]).toEqual([200, all]);
  });

  it("its streams and its requests, by API, in Prometheus' form", async () => {
    await call("probe", "null");
    await call("probe", "zz");
    const text = await (await fetch(url("/metrics"))).text();
    expect(text).toMatch(/^ovms_streams\{name="null",version="1"\} 1$/m);
    expect(text).toMatch(
      /^ovms_requests_success\{api="TensorFlowServing",interface="gRPC",method="Predict",name="null"\} [1-9]/m,
    );
    expect(text).toMatch(
      /^ovms_requests_fail\{api="TensorFlowServing",interface="gRPC",method="Predict",name="zz"\} [1-9]/m,
    );
    expect(text).toMatch(/^ovms_request_time_us_count\{interface="gRPC",name="null"\} [1-9]/m);
    expect(text).toMatch(/^ovms_inference_time_us_count\{name="null"\} [1-9]/m);
  });

  it("at its start that it is a stand-in, and with which properties each model runs", () => {
    expect(server.log()).toMatch(/lathe-ov-stand-in .*a stand-in for OpenVINO Model Server 2026\.4, not its binary/);
    expect(server.log()).toMatch(/ssd-mobilenet\/1: .*NUM_STREAMS 1, .*INFERENCE_PRECISION_HINT f32/);
  });
});

it("the official stubs get numbers as bytes, and the status of a model", async () => {
  const { python } = await pythonEnv(progress());
  const program = [join(repoRoot, "test/wire/ov-client.py"), `${server.grpcPort}`];
  expect(JSON.parse(await run([python, "-B", ...program]))).toEqual({
    outputs: ["detection_boxes", "detection_classes", "detection_scores", "num_detections"],
    ...{ content: 1600, typed: 0, shape: [1, 100, 4], spec: ["null", 1, ""] },
    ...{ states: [[1, "AVAILABLE"]], reload: "UNIMPLEMENTED", label: "OK" },
  });
});

it("R-FCN, whose suppression is converted, gives TensorFlow's detections, of one image at a time", async () => {
  const rfcn = await startOpenvinoStandIn(["rfcn-resnet101"], { INFERENCE_PRECISION_HINT: "f32" });
  try {
    const expected = await referenceAnswers("rfcn-resnet101", seen);
    expectAsTensorFlow(expected.pixels, answerOf(await call("probe", "rfcn-resnet101", {}, rfcn)), TOLERANCE);
    const two = { dtype: "DT_UINT8", shape: [2, 4, 4, 3], data: new Uint8Array(96) } as const;
    expect(await call("probe", "rfcn-resnet101", { inputs: { inputs: two } }, rfcn)).toMatchObject({
      error: {
        code: "INVALID_ARGUMENT",
        message: "Invalid input batch size - Expected: 1; Actual: 2; input name: inputs",
      },
    });
  } finally {
    await rfcn.stop();
  }
}, 600_000);

it("a model that cannot be loaded does not end the server, which tells no reason but in its log", async () => {
  const broken = await startOpenvinoStandIn(["null"], { INFERENCE_PRECISION_HINT: "f99" });
  try {
    const way = {
      protocol: "rest",
      address: "127.0.0.1",
      port: broken.restPort,
      model: "null",
      timeoutMs: 5_000,
    } as const;
    expect(await modelStatus(way)).toMatchObject({ value: [{ version: 1, state: "LOADING", code: "UNKNOWN" }] });
    expect(broken.log()).toMatch(/Cannot load model: null; version: 1; error: [^]*f99/);
    expect(await call("probe", "null", {}, broken)).toMatchObject({
      error: { message: expect.stringMatching(/not loaded yet/) as string },
    });
  } finally {
    await broken.stop();
  }
});

it("the stand-in's own unit tests pass", async () => {
  const { python } = await pythonEnv(progress());
  const options = { cwd: join(repoRoot, "lab/openvino"), env: { ...process.env, PYTHONPATH: await openvinoPath() } };
  const result = await tryRun([python, "-B", "-m", "unittest", "discover", "-t", ".", "tests"], options);
  expect(result.stderr).toMatch(/Ran \d+ tests/);
  expect(result.exitCode, result.stderr).toBe(0);
});
