import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { progress } from "../../lib/progress.ts";
import { repoRoot } from "../../lib/paths.ts";
import { run, tryRun } from "../../lib/run.ts";
import { loadPhotographList } from "../../models/photograph-list.ts";
import { fetchPhotographs } from "../../models/photographs.ts";
import { prepareModel, pythonEnv } from "../../models/index.ts";
import { startStandIn, type StandIn } from "./tfs.ts";

/* The stand-in for TF Serving, asked by the official stubs. What is expected was read from TF Serving 2.14.1's source. */

interface Answers {
  grpc: Record<string, { code: string; text?: string; server?: string; outputs?: object; [more: string]: unknown }>;
  rest: Record<string, { status: number; type: string; server: string; body: unknown; text?: string }>;
  agreement: { best: number; pixels: number; file: number };
}

const four = (batch: number, content = 0) => ({
  detection_boxes: { shape: [batch, 100, 4], floats: batch * 400, content },
  detection_classes: { shape: [batch, 100], floats: batch * 100, content },
  detection_scores: { shape: [batch, 100], floats: batch * 100, content },
  num_detections: { shape: [batch], floats: batch, content },
});
const ALL = "detection_boxes,detection_classes,detection_scores,num_detections";
const AVAILABLE = {
  model_version_status: [{ version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } }],
};

let server: StandIn;
let answers: Answers;

beforeAll(async () => {
  const bar = progress();
  const list = await loadPhotographList(join(repoRoot, "models/photographs.yaml"));
  const [photograph] = await fetchPhotographs(
    list.filter((p) => p.id === 7),
    bar,
  );
  const { python } = await pythonEnv(bar);
  bar.done();
  server = await startStandIn(
    { ssdlite: "ssdlite-mobilenet", null: "null" },
    {
      ssdlite: 'version_labels { key: "stable" value: 1 }',
      null: "model_version_policy { latest { num_versions: 1 } }",
    },
  );
  const args = [join(repoRoot, "test/wire/tfs-client.py"), server.grpcPort, server.restPort, photograph?.path ?? ""];
  const stdout = await run([python, "-B", ...args.map(String)]);
  answers = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Answers;
});
afterAll(async () => await server?.stop());

describe("over gRPC, the official stubs get", () => {
  const seen = (name: string) => answers.grpc[name] ?? { code: "nothing was asked" };

  it("every output, in typed fields and never as bytes, with the model's name, version and signature", () => {
    expect(seen("ok")).toMatchObject({ code: "OK", outputs: four(1), spec: ["ssdlite", 1, "serving_default"] });
    expect(seen("null")).toMatchObject({ outputs: four(1), spec: ["null", 1, "serving_default"] });
    expect(seen("null of three")).toMatchObject({ outputs: four(3) });
    expect(seen("label")).toMatchObject({ outputs: four(1), spec: ["ssdlite", 1, "serving_default"] });
  });

  it("the same for pixels in typed fields, of which the last is repeated, and for messages over 4 MB", () => {
    expect(seen("typed field")).toMatchObject({ code: "OK", outputs: four(1) });
    expect(seen("5 MB")).toMatchObject({ code: "OK", outputs: four(1) });
  });

  it("only the outputs of a filter", () => {
    const { num_detections } = four(1);
    expect(seen("filter").outputs).toEqual({ num_detections });
  });

  it("its name in the trailing metadata: it is a stand-in", () => {
    expect(seen("ok").server).toMatch(/^lathe-tfs-stand-in\//);
  });

  it.each([
    [
      "filter unknown",
      "INVALID_ARGUMENT",
      `output tensor alias not found in signature: foo Outputs expected to be in the set {${ALL}}.`,
    ],
    ["filter twice", "INVALID_ARGUMENT", "duplicate output tensor alias: num_detections"],
    ["no model", "NOT_FOUND", "Servable not found for request: Latest(zz)"],
    ["empty name", "INVALID_ARGUMENT", "ModelSpec has no name specified."],
    ["unknown signature", "FAILED_PRECONDITION", 'Serving signature key "foo" not found.'],
    ["unknown version", "NOT_FOUND", "Servable not found for request: Specific(ssdlite, 9)"],
    ["unknown label", "INVALID_ARGUMENT", "Unrecognized servable version label: canary"],
    [
      "other input",
      "INVALID_ARGUMENT",
      "input tensor alias not found in signature: x. Inputs expected to be in the set {inputs}.",
    ],
    [
      "no input",
      "INVALID_ARGUMENT",
      "input size does not match signature: 0!=1 len({}) != len({inputs}). Sent extra: {}. Missing but required: {inputs}.",
    ],
    [
      "extra input",
      "INVALID_ARGUMENT",
      "input size does not match signature: 2!=1 len({inputs,y}) != len({inputs}). Sent extra: {y}. Missing but required: {}.",
    ],
    ["float", "INVALID_ARGUMENT", "Expects arg[0] to be uint8 but float is provided"],
    ["content too short", "INVALID_ARGUMENT", "tensor parsing error: inputs"],
    ["metadata without a model", "INVALID_ARGUMENT", "Missing ModelSpec"],
    [
      "metadata without a field",
      "INVALID_ARGUMENT",
      "GetModelMetadataRequest must specify at least one metadata_field",
    ],
    ["status without a model", "INVALID_ARGUMENT", "Missing ModelSpec"],
  ])("for %s: %s, in TF Serving's words", (name, code, text) => {
    expect(seen(name)).toEqual({ code, text });
  });

  it("TensorFlow's own words for what its operations refuse", () => {
    expect(seen("three dimensions")).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(seen("three dimensions").text).toMatch(/\{\{node /);
    expect(seen("junk as an image").text).toMatch(/Unknown image file format\. One of JPEG, PNG, GIF, BMP required\./);
  });

  it("the signatures and the state", () => {
    const outputs = ALL.split(",");
    expect(seen("metadata")).toMatchObject({ signatures: { serving_bytes: outputs, serving_default: outputs } });
    expect(seen("status")).toMatchObject({ states: [[1, 30]] });
  });
});

describe("over REST, a client gets", () => {
  const seen = (name: string) => answers.rest[name] ?? { status: 0, type: "", server: "", body: "nothing was asked" };
  const row = { detection_boxes: [100, 4], detection_classes: [100], detection_scores: [100], num_detections: [] };
  const columns = {
    detection_boxes: [1, 100, 4],
    detection_classes: [1, 100],
    detection_scores: [1, 100],
    num_detections: [1],
  };

  it("rows for instances and columns for inputs, bare, by name, by version, by label, and for base64", () => {
    for (const name of ["rows", "rows by name", "base64 rows"])
      expect(seen(name), name).toMatchObject({ status: 200, type: "application/json", body: { predictions: [row] } });
    for (const name of ["columns", "columns by name and label", "base64 columns"])
      expect(seen(name), name).toMatchObject({ status: 200, body: { outputs: columns } });
    expect(seen("chunked").status).toBe(200);
  });

  it("the state, whatever the label, with the version as a string", () => {
    for (const name of ["status", "status of a version", "status with any label"])
      expect(seen(name), name).toMatchObject({ status: 200, body: AVAILABLE });
  });

  it("metadata with its doubled signature_def", () => {
    expect(seen("metadata")).toMatchObject({
      status: 200,
      body: {
        model_spec: { name: "ssdlite", version: "1" },
        metadata: {
          signature_def: { signature_def: { serving_default: { inputs: { inputs: { dtype: "DT_UINT8" } } } } },
        },
      },
    });
  });

  it("the name of the stand-in in every answer", () => {
    for (const name of ["rows", "no model", "not the API"]) expect(seen(name).server).toMatch(/^lathe-tfs-stand-in\//);
  });

  const element = (text: string) =>
    `Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: ${text}`;
  it.each([
    ["status of an unknown version", 404, "Could not find version 7 of model ssdlite"],
    ["no name", 400, "Missing model name in request."],
    ["other path", 400, "Malformed request: GET /v1/foo"],
    ["unknown signature", 400, 'Serving signature name: "foo" not found in signature def'],
    ["neither form", 400, "Missing 'inputs' or 'instances' key"],
    ["no list", 400, "JSON Value: {\n    \"instances\": 3\n} Expecting 'instances' to be an list/array"],
    ["empty list", 400, "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"],
    ["floats", 400, element("JSON Value: 1.5 Type: Number is not of expected type: uint8")],
    ["whole floats", 400, element("JSON Value: 1.0 Type: Number is not of expected type: uint8")],
    ["truth values", 400, element("JSON Value: true Type: True is not of expected type: uint8")],
    ["strings", 400, element('JSON Value: "x" Type: String is not of expected type: uint8')],
    ["ragged", 400, element("Encountered list at unexpected size: 2 at level: 3 expected size: 3")],
    [
      "base64 for pixels",
      400,
      element('JSON Value: {\n    "b64": "aGk="\n} Type: Object is not of expected type: uint8'),
    ],
    [
      "other name",
      400,
      "Failed to process element: 0 key: foo of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: foo",
    ],
    ["no model", 404, "Servable not found for request: Latest(zz)"],
    ["unknown label", 400, "Unrecognized servable version label: canary"],
    ["empty body", 400, "JSON Parse error: The document is empty"],
    ["garbage", 400, "JSON Parse error: Invalid value. at offset: 0"],
    ["GET predict", 400, "Malformed request: GET /v1/models/ssdlite:predict"],
    ["PUT", 400, "Malformed request: PUT /v1/models/ssdlite"],
  ])("for %s: %i, in TF Serving's words", (name, status, error) => {
    expect(seen(name)).toMatchObject({ status, body: { error } });
  });

  it("other refusals with their status", () => {
    expect(seen("signature 3").body).toMatchObject({
      error: expect.stringContaining("'signature_name' key must be a string") as string,
    });
    expect(seen("both forms").body).toMatchObject({
      error: expect.stringContaining("only one of 'inputs' or 'instances'") as string,
    });
    expect(seen("not the API")).toMatchObject({ status: 404, type: "text/html" });
    expect(seen("classify").status).toBe(501);
  });

  it("Prometheus' series, in which failed requests count too", () => {
    const text = seen("metrics").text ?? "";
    expect(text).toMatch(/:tensorflow:serving:request_count\{model_name="ssdlite",status="INVALID_ARGUMENT"\} [1-9]/);
    expect(text).toMatch(
      /:tensorflow:serving:request_latency_count\{model_name="ssdlite",API="predict",entrypoint="REST"\} [1-9]/,
    );
    expect(text).toMatch(
      /:tensorflow:serving:request_latency_count\{model_name="null",API="Predict",entrypoint="GRPC"\} [1-9]/,
    );
    expect(text).toMatch(
      /:tensorflow:serving:runtime_latency_count\{model_name="ssdlite",API="Predict",runtime="TF1"\} [1-9]/,
    );
  });
});

it("the protocols give the same scores for the same pixels, and for the same file, and find something", () => {
  expect(answers.agreement.best).toBeGreaterThan(0.3);
  expect(answers.agreement.pixels).toBeLessThan(1e-6);
  expect(answers.agreement.file).toBeLessThan(1e-6);
});

describe("a running server", () => {
  const states = async () => {
    const answer = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/null`);
    const body = (await answer.json()) as { model_version_status: { version: string; state: string }[] };
    return body.model_version_status.map((v) => `${v.version} ${v.state}`);
  };

  it("picks up a new version without a restart, and drops the old one then", async () => {
    const { versionDir } = await prepareModel("null", progress());
    await cp(versionDir, join(server.models, "null", "2"), { recursive: true });
    await expect.poll(states, { timeout: 20_000, interval: 100 }).toEqual(["2 AVAILABLE", "1 END"]);
  });

  it("keeps the old version where the new one is broken, and says what is wrong", async () => {
    await mkdir(join(server.models, "null", "3"));
    await writeFile(join(server.models, "null", "3", "saved_model.pb"), "no model");
    await expect.poll(states, { timeout: 20_000, interval: 100 }).toContain("2 AVAILABLE");
    await expect.poll(states, { timeout: 20_000, interval: 100 }).toContain("3 END");
    expect(server.log()).toMatch(/Loading servable: \{name: null version: 3\} failed: Can't parse/);
  });

  it("says at its start that it is a stand-in, and is gone before Docker would kill it, ten seconds after SIGTERM", async () => {
    expect(server.log()).toMatch(/lathe-tfs-stand-in .*a stand-in for TensorFlow Serving 2\.14\.1, not its binary/);
    const started = Date.now();
    server.child.kill("SIGTERM");
    await new Promise((done) => server.child.once("exit", done));
    expect(server.child.exitCode).toBe(0);
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});

it.each(["tf-serving", "tensorflow"])(
  "the own unit tests of the stand-in and of the session below it pass: %s",
  async (part) => {
    const { python } = await pythonEnv(progress());
    const cwd = join(repoRoot, "lab", part);
    const env = { ...process.env, PYTHONPATH: join(repoRoot, "lab/tensorflow") };
    const result = await tryRun([python, "-B", "-m", "unittest", "discover", "-t", ".", "tests"], { cwd, env });
    expect(result.stderr).toMatch(/Ran \d+ tests/);
    expect(result.exitCode, result.stderr).toBe(0);
  },
);
