import { describe, expect, test } from "vitest";
import type { Credentials } from "../../access/certificates.ts";
import { accessConfig } from "../../config/access.ts";
import type { HostFacts } from "../../hosts/facts.ts";
import { accessProblems } from "../endpoints.ts";
import { loadFailure, ranOutOfMemory, readDescribed } from "./described.ts";
import { torchServe } from "./kind.ts";
import { TorchServeSettings } from "./settings.ts";

const host = (count: number): HostFacts => ({
  ...{ hostname: "h", os: "Debian", kernel: "6.1", arch: "x86_64", memoryBytes: 2 ** 33 },
  cpu: {
    model: "m",
    logical: Array.from({ length: count }, (_, cpu) => ({ cpu, core: cpu, socket: 0, node: 0, online: true })),
    allowed: Array.from({ length: count }, (_, cpu) => cpu),
    quotaCpus: null,
  },
  docker: { version: "20.10.24", apiVersion: "1.41", storageDriver: "overlay2" },
});
const planned = (cores: number, wanted: object = {}) =>
  torchServe.settingsFor(host(cores), TorchServeSettings.parse(wanted));

describe("the settings", () => {
  test("are one worker with a thread for each physical core; more workers share the cores", () => {
    expect(planned(8).settings).toMatchObject({ workers: 1, omp: 8, torchThreads: 8, batchSize: 1 });
    expect(planned(8, { workers: 3 }).settings).toMatchObject({ workers: 3, omp: 2, torchThreads: 2 });
    expect(planned(2, { workers: 5 }).settings).toMatchObject({ omp: 1, torchThreads: 1 });
  });

  test("of the config are taken as they are, and named in the reason", () => {
    const { settings, placement } = planned(8, { workers: 2, omp: 3, batchSize: 4, batchDelayMs: 5 });
    expect(settings).toMatchObject({ workers: 2, omp: 3, torchThreads: 3, batchSize: 4, batchDelayMs: 5 });
    expect(placement.reason).toContain("workers 2, omp 3, batchSize 4, batchDelayMs 5");
  });

  test("pin as many cores as all workers have threads", () => {
    expect(planned(8, { workers: 2, omp: 3, pin: "physical" }).placement.cpuSet).toBe("0-5");
    expect(planned(8, { workers: 3, pin: "physical" }).placement.cpuSet).toBe("0-5");
    expect(planned(8, { torchThreads: 2, pin: "physical" }).placement.cpuSet).toBe("0-1");
  });

  test.each([{ workers: 0 }, { workers: 1.5 }, { omp: "2" }, { batchDelayMs: -1 }, { interOp: 2 }, { pin: "all" }])(
    "%j is refused",
    (wanted) => expect(torchServe.settings.safeParse(wanted).success).toBe(false),
  );

  test("are read back from the container's environment, all of those that the docs name but `pin`", () => {
    const wanted = { workers: 2, omp: 3, torchThreads: 4, nettyThreads: 5, batchSize: 6, batchDelayMs: 7 };
    const { env, command } = container(wanted);
    const shown = torchServe.settingsShown({ env: { ...env, LANG: "C", HOME: "/" }, command });
    expect(Object.values(shown).map(Number).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const name of Object.keys(shown).filter((n) => n.startsWith("TS_")))
      expect(Object.values(config()).join()).toContain(`$$${name}$$`);
    expect(torchServe.settingsHelp.map(({ key }) => key)).toEqual([...Object.keys(wanted), "pin"]);
  });
});

const open = accessConfig({}, []);
const models = [
  { name: "ssd", version: 3 },
  { name: "null", version: 1 },
];
const container = (wanted: object = {}, access = open) =>
  torchServe.container(models, planned(4, wanted).settings, access);
const config = (wanted: object = {}, access = open): Record<string, string> => {
  const content = container(wanted, access).files.find(({ name }) => name === "config.properties")?.content ?? "";
  return Object.fromEntries(
    content
      .trim()
      .split("\n")
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
};

describe("the container", () => {
  test("registers each model's version folder, with its batches", () => {
    const found = config();
    expect(found["load_models"]).toBe("ssd=/models/ssd/3,null=/models/null/1");
    const { env } = container({ batchSize: 4, batchDelayMs: 20 });
    const resolved = (found["models"] ?? "").replaceAll(/\$\$(\w+)\$\$/g, (_, name: string) => env[name] ?? "");
    const batches = { "1.0": { batchSize: 4, maxBatchDelay: 20 } };
    expect(JSON.parse(resolved)).toEqual({ ssd: batches, null: batches });
    expect(container().serving).toMatchObject({
      workers: 1,
      folders: { ssd: "/models/ssd/3", null: "/models/null/1" },
    });
  });

  test("opens inference alone: management is on the container's loopback, and so is REST where it is closed", () => {
    expect(config()).toMatchObject({
      ...{ inference_address: "http://0.0.0.0:8080", grpc_inference_address: "0.0.0.0" },
      ...{ management_address: "http://127.0.0.1:8081", grpc_management_address: "127.0.0.1" },
      ...{ enable_metrics_api: "false", enable_model_api: "false" },
    });
    expect(config({}, { ...open, rest: "off" })["inference_address"]).toBe("http://127.0.0.1:8080");
  });

  test("writes to its scratch folder alone", () => {
    const { env, scratch, files } = container();
    expect(scratch).toEqual(["/tmp"]);
    for (const name of ["HOME", "TEMP", "LOG_LOCATION", "METRICS_LOCATION"]) expect(env[name]).toMatch(/^\/tmp/);
    // With tokens TorchServe writes a file of keys where it is started.
    expect(config()["disable_token_authorization"]).toBe("true");
    expect(files.map(({ content }) => content).join()).not.toMatch(/RollingFile/);
  });

  test("with TLS has a key and a certificate for gRPC, and cannot ask clients for theirs", () => {
    const access = { ...open, tls: "server", rest: "token" } as const;
    expect(config({}, access)).toMatchObject({
      ...{ enable_grpc_ssl: "true", inference_address: "http://0.0.0.0:8080" },
      ...{ private_key_file: "/run/lathe/server.key", certificate_file: "/run/lathe/server.pem" },
    });
    const made = { serverKey: "K", serverCert: "C" } as Credentials;
    expect(torchServe.secretFiles(access, made)).toEqual([
      { name: "server.key", content: "K" },
      { name: "server.pem", content: "C" },
    ]);
    expect(torchServe.secretFiles(open, made)).toEqual([]);
    expect(config()["enable_grpc_ssl"]).toBeUndefined();
    expect(accessProblems(torchServe, access)).toEqual([]);
    expect(accessProblems(torchServe, { ...access, tls: "mutual" })).toMatchObject([{ key: "tls", instead: "server" }]);
  });
});

test("each worker has its model in memory of its own: two of each took 1345 MiB in the lab", () => {
  const sized = [
    { name: "null", version: 1, bytes: 10_240 },
    { name: "ssd", version: 1, bytes: 67_368_960 },
  ];
  const need = (workers: number) => torchServe.memoryNeedMiB?.(sized, TorchServeSettings.parse({ workers })) ?? 0;
  expect(need(2)).toBeGreaterThan(1200);
  expect(need(2)).toBeLessThan(1500);
  expect(need(4) - need(2)).toBeCloseTo(2 * (need(2) - need(1)), -1);
});

test("the kind says that the project's maintenance has ended", () => {
  for (const said of [torchServe.about, torchServe.gate.note]) expect(said).toMatch(/maintenance has ended/);
});

const WORKER = { id: "9000", status: "READY", pid: 7 };
const MODEL = { modelName: "ssd", modelUrl: "/models/ssd/3", batchSize: 1, maxBatchDelay: 100, workers: [WORKER] };
const http = (status: number, body: unknown, head = "") =>
  `HTTP/1.1 ${status} Any\r\ncontent-type: application/json\r\n${head}\r\n${typeof body === "string" ? body : JSON.stringify(body)}`;

describe("what the management API says of a model", () => {
  test("is its folder, its batches and its workers", () => {
    expect(readDescribed(http(200, [MODEL]))).toMatchObject({
      is: "described",
      model: { modelUrl: "/models/ssd/3", batchSize: 1, workers: [{ status: "READY" }] },
    });
  });

  test("is a refusal where it was not registered, in the server's words", () => {
    const body = { code: 404, type: "ModelNotFoundException", message: "Model not found: ssd" };
    expect(readDescribed(http(404, body))).toEqual({ is: "refused", why: "Model not found: ssd" });
  });

  test.each([
    ["", /no answer yet/],
    ["bash: connect: Connection refused", /it answered "bash: connect/],
    [http(200, "[{"), /HTTP 200, and no JSON/],
    [http(200, []), /HTTP 200/],
    [http(200, [{ ...MODEL, workers: 1 }]), /HTTP 200/],
    [http(503, { message: "later" }), /later/],
    [`HTTP/1.1 200 OK\r\n`, /it answered/],
  ])("is unclear where it says %j", (printed, why) => {
    const answer = readDescribed(printed);
    expect(answer).toMatchObject({ is: "unclear", why: expect.stringMatching(why) as string });
  });
});

describe("why a worker could not load a model", () => {
  const line = (worker: string, words: string) =>
    `2026-11-28T00:00:00,000 [INFO ] W-9000-${worker} MODEL_LOG - ${words}`;
  const once = [
    line("ssd_1.0-stdout", "model_name: ssd, batchSize: 1"),
    line("ssd_1.0-stdout", "Backend worker process died."),
    line("ssd_1.0-stdout", "Traceback (most recent call last):"),
    line("ssd_1.0-stdout", '  File "/tmp/models/1/lathe_model.py", line 30, in __init__ - here'),
    line("ssd_1.0-stdout", "zipfile.BadZipFile: File is not a zip file"),
    line("ssd-2_1.0-stderr", "ValueError: of another model"),
    line("ssd_1.0", "Load model failed: ssd, error: Worker died."),
    line("ssd-2_1.0", "Backend worker error"),
  ];
  const twice = [...once, ...once].join("\n");

  test("is the error at the end of what it printed, on either of its outputs", () => {
    expect(loadFailure(twice, "ssd")).toBe("zipfile.BadZipFile: File is not a zip file");
    expect(loadFailure(twice, "ssd-2")).toBe("ValueError: of another model");
  });

  test("is not told before it has failed twice, nor for another model", () => {
    expect(loadFailure(once.join("\n"), "ssd")).toBeUndefined();
    expect(loadFailure(twice, "null")).toBeUndefined();
    expect(loadFailure("", "ssd")).toBeUndefined();
  });

  test("is that its worker died, where it printed no error", () => {
    const died = line("null_1.0", "Load model failed: null, error: Worker died.");
    expect(loadFailure(`${died}\n${died}`, "null")).toBe("its worker died");
  });
});

test.each([
  ["low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\n", true],
  ["oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", true],
  ["low 0\noom 1\noom_kill 0\noom_group_kill 0\n", false],
  ["oom_kill_disable 1\nunder_oom 0\n", false],
  ["", false],
])("a control group that counts %j has killed for memory: %j", (events, killed) => {
  expect(ranOutOfMemory(events)).toBe(killed);
});
