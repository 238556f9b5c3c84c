import { expect, test } from "vitest";
import type { Credentials } from "../../access/certificates.ts";
import { accessConfig } from "../../config/access.ts";
import type { HostFacts } from "../../hosts/facts.ts";
import { fixOf } from "./gate.ts";
import { triton } from "./kind.ts";
import type { TritonSettings } from "./settings.ts";

const open = accessConfig({}, []);
const settings = (more: object = {}) =>
  ({ omp: 1, intraOp: 2, interOp: 3, ...triton.settings.parse(more) }) as TritonSettings;
const container = (more: object = {}, access = open, models = [{ name: "ssd", version: 3 }]) =>
  triton.container(models, settings(more), access);
const configOf = (...args: Parameters<typeof container>) => container(...args).files[0]?.content ?? "";

test("a model's configuration stands beside its versions, and says how it is served", () => {
  const models = [{ name: "ssd", version: 3, canary: { version: 2 } }];
  const [file] = container({ instances: 2 }, open, models).files;
  expect(file?.name).toBe("ssd/config.pbtxt");
  expect(triton.modelPath("ssd", 3)).toBe("ssd/3/model.savedmodel");
  for (const line of [
    'name: "ssd"',
    'platform: "tensorflow_savedmodel"',
    "max_batch_size: 0",
    "version_policy { specific { versions: [ 2, 3 ] } }",
    'input [ { name: "inputs" data_type: TYPE_UINT8 dims: [ -1, -1, -1, 3 ] } ]',
    'output [ { name: "num_detections" data_type: TYPE_FP32 dims: [ -1 ] } ]',
    "instance_group [ { kind: KIND_CPU count: 2 } ]",
    'parameters { key: "TF_NUM_INTRA_THREADS" value: { string_value: "2" } }',
  ])
    expect(file?.content.split("\n")).toContain(line);
  expect(file?.content).not.toContain("dynamic_batching");
});

test("with batches, the batch's dimension is left out, and requests wait for others as long as they may", () => {
  const text = configOf({ maxBatch: 8, preferredBatches: [4, 8], queueDelayMicros: 2000 });
  expect(text).toContain('input [ { name: "inputs" data_type: TYPE_UINT8 dims: [ -1, -1, 3 ] } ]');
  expect(text).toContain(
    'output [ { name: "num_detections" data_type: TYPE_FP32 dims: [ 1 ] reshape: { shape: [ ] } } ]',
  );
  expect(text).toContain("dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 2000 }");
});

test("of a folder of the user's own, Triton finds out what goes in and comes out", () => {
  const own = [{ name: "mine", version: 1, from: "./saved/model" }];
  expect(configOf({}, open, own)).not.toContain("input [");
  const completes = (models: typeof own | { name: string; version: number }[]) =>
    !container({}, open, models).command.includes("--disable-auto-complete-config");
  expect([completes(own), completes([{ name: "ssd", version: 1 }])]).toEqual([true, false]);
  expect(completes([{ name: "ssd", version: 1, canary: { version: 2, from: "./mine" } }] as never)).toBe(true);
});

test("settings that contradict each other are refused with what is possible", () => {
  const problem = (value: object) =>
    triton.settings.safeParse(value).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(problem({ maxBatch: 4, preferredBatches: [2, 8] })).toEqual([
    "preferredBatches: sizes up to maxBatch, which is 4",
  ]);
  expect(problem({ queueDelayMicros: 5 })).toEqual(["queueDelayMicros: 0 where maxBatch is 0: nothing waits"]);
  expect(problem({ instances: 0 })).toEqual(["instances: a whole number, 1 to 256"]);
});

test("instances share the cores, and each has at least one thread", () => {
  const logical = Array.from({ length: 6 }, (_, cpu) => ({
    cpu,
    online: true,
    core: cpu,
    socket: 0,
    node: 0,
    kind: "performance",
  }));
  const facts = { cpu: { logical, allowed: [0, 1, 2, 3, 4, 5], quotaCpus: null }, docker: {} } as unknown as HostFacts;
  const threads = (instances: number) => {
    const { omp, intraOp } = triton.settingsFor(facts, triton.settings.parse({ instances })).settings;
    return [omp, intraOp];
  };
  expect([1, 2, 4, 9].map(threads)).toEqual([
    [6, 6],
    [3, 3],
    [1, 1],
    [1, 1],
  ]);
});

test("a running container shows its settings by Triton's names", () => {
  const { env, command } = container({ instances: 2, maxBatch: 4, preferredBatches: [2, 4], queueDelayMicros: 9 });
  expect(triton.settingsShown({ env: { ...env, LANG: "C" }, command })).toEqual({
    OMP_NUM_THREADS: "1",
    "instance_group.count": "2",
    max_batch_size: "4",
    "dynamic_batching.preferred_batch_size": "2,4",
    "dynamic_batching.max_queue_delay_microseconds": "9",
    TF_NUM_INTRA_THREADS: "2",
    TF_NUM_INTER_THREADS: "3",
    "shm-size": "64m",
  });
  expect(triton.settingsShown({ env: { LATHE_MODEL_CONFIG: "nonsense =" }, command: [] })).toEqual({});
});

test("its metrics are on a port of their own, open where REST needs no token", () => {
  expect(container()).toMatchObject({ metrics: { api: "kserve-v2", protocol: "metrics", path: "/metrics" } });
  expect(container().healthTest.at(-1)).toMatch(/\nexec 3<>\S+\/8001 4<>\S+\/8000 5<>\S+\/8002$/);
  const closed = container({}, { ...open, rest: "token" });
  expect([closed.metrics, closed.command.includes("--allow-metrics=false")]).toEqual([undefined, true]);
});

test("a protected server reads its keys from its secrets, and with REST off neither listens there nor is asked there", () => {
  const access = { ...open, tls: "mutual", rest: "off" } as const;
  const { command, healthTest } = container({}, access);
  for (const option of ["--allow-http=false", "--grpc-use-ssl-mutual=true", "--grpc-root-cert=/run/lathe/ca.crt"])
    expect(command).toContain(option);
  expect(healthTest.at(-1)).toMatch(/\nexec 3<>\/dev\/tcp\/127.0.0.1\/8001$/);
  const files = triton.secretFiles(access, { serverKey: "K", serverCert: "C", ca: "A" } as Credentials);
  expect(files.map(({ name, content }) => `${name} ${content}`)).toEqual(["server.crt C", "server.key K", "ca.crt A"]);
  expect(container({}, { ...open, tls: "server" }).command).toContain("--grpc-use-ssl=true");
  expect(triton.secretFiles(open, {} as Credentials)).toEqual([]);
});

test("its build is NVIDIA's by its image's name, in whatever registry", () => {
  expect(triton.build(`${triton.defaultImage}@sha256:0`, false)).toBe("nvidia");
  expect(triton.build("mirror.example/tritonserver@sha256:0", false)).toBe("nvidia");
  expect(triton.build("lab/lathe/triton@sha256:0", false)).toBe("other");
});

test("shared memory that is too small is told with what to raise", () => {
  const words =
    "Failed to increase the shared memory pool size for key 'a' to 1048576 bytes. Error: No space left on device";
  expect(fixOf(words)).toContain("lathe:settings.sharedMemoryMiB");
  expect(fixOf("Stub process 'null_0_0' is not healthy.")).toBeUndefined();
});

test("each instance has its own copy of each model", () => {
  const models = [{ name: "ssd", version: 1, bytes: 100 * 2 ** 20 }];
  const need = (instances: number) => triton.memoryNeedMiB?.(models, settings({ instances }));
  expect([need(1), need(3)]).toEqual([350, 750]);
});
