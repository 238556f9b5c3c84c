import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { openvinoRequirements } from "../../../models/forms/openvino-ir.ts";
import { accessConfig } from "../../config/access.ts";
import type { HostFacts } from "../../hosts/facts.ts";
import { accessProblems, plannedEndpoints } from "../endpoints.ts";
import { openvino } from "./kind.ts";
import { OpenvinoSettings, pluginConfig, settingsFor } from "./settings.ts";

const facts: HostFacts = {
  ...{ hostname: "h", os: "Debian", kernel: "6.1", arch: "x86_64", memoryBytes: 2 ** 33 },
  cpu: {
    ...{ model: "m", allowed: [0, 1, 2, 3], quotaCpus: null },
    logical: [0, 1, 2, 3].map((cpu) => ({ cpu, core: cpu % 2, socket: 0, node: 0, online: true })),
  },
  docker: { version: "20.10.24", apiVersion: "1.41", storageDriver: "overlay2" },
};
const models = [
  { name: "ssd", version: 3, canary: { version: 4 } },
  { name: "null", version: 1 },
];
const open = accessConfig({}, []);
const planned = (wanted: object) => settingsFor(facts, OpenvinoSettings.parse(wanted)).settings;
const container = (wanted: object = {}, access = open) => openvino.container(models, planned(wanted), access);
const configOf = (wanted: object = {}) =>
  JSON.parse(container(wanted).files[0]?.content ?? "") as { model_config_list: { config: Record<string, unknown> }[] };

test("a machine's server computes in f32 with a thread a physical core, as fast as one answer can be", () => {
  expect(pluginConfig(planned({}))).toEqual({
    PERFORMANCE_HINT: "LATENCY",
    INFERENCE_NUM_THREADS: 2,
    INFERENCE_PRECISION_HINT: "f32",
    ENABLE_CPU_PINNING: false,
  });
});

test.each<[object, object]>([
  [{ threads: 5 }, { INFERENCE_NUM_THREADS: 5 }],
  [{ hint: "throughput" }, { PERFORMANCE_HINT: "THROUGHPUT" }],
  [{ precision: "bf16" }, { INFERENCE_PRECISION_HINT: "bf16" }],
  [{ precision: "f16" }, { INFERENCE_PRECISION_HINT: "f16" }],
  [{ pin: "cores" }, { ENABLE_CPU_PINNING: true }],
  [{ streams: 2 }, { NUM_STREAMS: 2 }],
])("what the config sets is taken as it is: %o", (wanted, expected) => {
  expect(pluginConfig(planned(wanted))).toMatchObject(expected);
});

test("streams and a hint are never both in its config, and are refused together", () => {
  expect(pluginConfig(planned({ streams: 2 }))).not.toHaveProperty("PERFORMANCE_HINT");
  const read = OpenvinoSettings.safeParse({ streams: 2, hint: "latency" });
  expect(read.error?.issues.map(({ path, message }) => [path, message])).toEqual([
    [["hint"], expect.stringContaining("streams or hint, not both")],
  ]);
  for (const wrong of [{ streams: 0 }, { threads: 1.5 }, { precision: "fp32" }, { omp: 1 }, { hint: "LATENCY" }])
    expect(OpenvinoSettings.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
});

test("its config file names every model with the versions that are deployed, and the same properties for each", () => {
  const [ssd, nil] = configOf().model_config_list.map((entry) => entry.config);
  expect(ssd).toMatchObject({
    ...{ name: "ssd", base_path: "/models/ssd", target_device: "CPU" },
    model_version_policy: { specific: { versions: [3, 4] } },
  });
  expect(nil).toMatchObject({ name: "null", model_version_policy: { specific: { versions: [1] } } });
  expect(ssd?.["plugin_config"]).toEqual(nil?.["plugin_config"]);
  expect(ssd?.["plugin_config"]).toEqual(pluginConfig(planned({})));
});

test("what is shown of a running container is what its config file says, precision included", () => {
  const { env, command, files, serving } = container({ precision: "bf16", streams: 2 });
  const shown = openvino.settingsShown({ env: { ...env, PATH: "/bin" }, command });
  expect(shown).toEqual({
    ...{ NUM_STREAMS: "2", INFERENCE_NUM_THREADS: "2" },
    ...{ INFERENCE_PRECISION_HINT: "bf16", ENABLE_CPU_PINNING: "false" },
  });
  // The gate compares the file on the host with this.
  expect(serving).toEqual({ config: files[0]?.content });
});

test("metrics are enabled where REST is open, and no page is named where it is not", () => {
  expect(container().metrics).toEqual({ api: "openvino", protocol: "rest", path: "/metrics" });
  expect(container().files[0]?.content).toContain('"enable": true');
  for (const rest of ["token", "off"] as const) {
    const { metrics, files } = container({}, { ...open, rest });
    expect([metrics, files[0]?.content]).toEqual([undefined, expect.stringContaining('"enable": false')]);
  }
});

test("its memory is what it takes at the least: more with each model's weights", () => {
  const need = (...bytes: number[]) =>
    openvino.memoryNeedMiB?.(
      bytes.map((b) => ({ name: "m", version: 1, bytes: b })),
      planned({}),
    );
  expect([need(), need(2 ** 20), need(2 ** 20, 2 ** 26)]).toEqual([100, 102, 230]);
});

test("with REST off it listens to gRPC alone, and is asked there alone whether it is healthy", () => {
  const { command, healthTest } = container({}, { ...open, rest: "off" });
  expect(command.filter((argument) => /port|bind/.test(argument))).toEqual([
    "--port=9000",
    "--grpc_bind_address=0.0.0.0",
  ]);
  expect(healthTest.slice(3)).toEqual(["exec 3<>/dev/tcp/127.0.0.1/$1", "bash", "9000"]);
  expect(container().command).toContain("--rest_port=9001");
  expect(container().healthTest.slice(3)).toEqual([expect.stringContaining("GET /v2/health/ready"), "bash", "9001"]);
});

test("both ports speak both APIs, carry pixels, and have no TLS; REST can have a token", () => {
  const endpoints = plannedEndpoints(openvino, {}, { tls: "off", rest: "token" });
  expect(endpoints.map(({ api, also, inputs, port, security }) => [api, also, inputs, port, security])).toEqual([
    ["tf-serving", ["kserve-v2"], ["pixels"], 9000, "none"],
    ["tf-serving", ["kserve-v2"], ["pixels"], 9001, "token"],
  ]);
  expect(accessProblems(openvino, { tls: "server", rest: "token" }).map(({ key, what }) => `${key}: ${what}`)).toEqual([
    "tls: server, but no endpoint of a openvino server speaks TLS",
  ]);
});

test("its image is of the version that models are converted with, and needs what that computes with", async () => {
  const pins = await readFile(openvinoRequirements, "utf8");
  expect(pins).toContain(`openvino==${openvino.defaultImage.split(":")[1]} `);
  expect(openvino.imageNeeds).toEqual({ architectures: ["amd64"], flags: ["avx2"] });
});
