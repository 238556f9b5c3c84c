import { describe, expect, test } from "vitest";
import { accessConfig } from "../../config/access.ts";
import type { HostFacts } from "../../hosts/facts.ts";
import { django } from "../django/kind.ts";
import { accessProblems } from "../endpoints.ts";
import { fastApi } from "../fastapi/kind.ts";
import { flask } from "../flask/kind.ts";

const KINDS = [flask, django, fastApi];
const open = accessConfig({}, []);
const models = [
  { name: "ssd", version: 3, canary: { version: 2 } },
  { name: "null", version: 1 },
];

/** A machine of so many cores with two hyper-threads each. */
const facts = (cores: number): HostFacts => ({
  ...{ hostname: "h", os: "Debian", kernel: "6.1", arch: "x86_64", memoryBytes: 2 ** 33 },
  cpu: {
    model: "m",
    logical: Array.from({ length: 2 * cores }, (_, cpu) => ({
      cpu,
      core: cpu % cores,
      socket: 0,
      node: 0,
      online: true,
    })),
    allowed: Array.from({ length: 2 * cores }, (_, cpu) => cpu),
    quotaCpus: null,
  },
  docker: { version: "20.10.24", apiVersion: "1.41", storageDriver: "overlay2" },
});
const plan = (cores: number, wanted: unknown = {}) => flask.settingsFor(facts(cores), flask.settings.parse(wanted));

describe("the settings", () => {
  test("without a config: one worker, whose session has a thread for each physical core", () => {
    expect(plan(8).settings).toEqual({
      ...{ workers: 1, threads: 4, parser: "json" },
      ...{ omp: 8, intraOp: 8, interOp: 2, pin: "none" },
    });
  });

  test("several workers share the cores; what the config says is taken as it is", () => {
    expect(plan(8, { workers: 3 }).settings).toMatchObject({ workers: 3, omp: 2, intraOp: 2 });
    expect(plan(2, { workers: 8 }).settings).toMatchObject({ workers: 8, omp: 1, intraOp: 1 });
    expect(plan(8, { workers: 2, omp: 8, pin: "physical" })).toMatchObject({
      settings: { omp: 8, intraOp: 4 },
      placement: { cpuSet: "0-7" },
    });
    expect(plan(8, { workers: 2, pin: "physical", intraOp: 1, omp: 1 }).placement.cpuSet).toBe("0-1");
  });

  test("what is wrong is said in words", () => {
    const { error } = flask.settings.safeParse({ workers: 0, threads: 1.5, parser: "orjson" });
    expect(error?.issues.map(({ message }) => message)).toEqual([
      "a whole number, 1 to 1024",
      "a whole number, 1 to 1024",
      "json or simdjson",
    ]);
  });
});

describe.each(KINDS)("a $name server", (kind) => {
  const { settings } = plan(4, { workers: 2, parser: "simdjson" });
  const { env, command, files, healthTest } = kind.container(models, settings, open);

  test("is told its framework, its settings and its models, and the settings are read back", () => {
    expect(command).toEqual([kind.name]);
    expect(kind.settingsShown({ env: { ...env, PATH: "/bin" }, command })).toEqual({
      ...{ OMP_NUM_THREADS: "2", TENSORFLOW_INTER_OP_PARALLELISM: "2", TENSORFLOW_INTRA_OP_PARALLELISM: "2" },
      ...{ WEB_CONCURRENCY: "2", WEB_PARSER: "simdjson", WEB_THREADS: "4" },
    });
    expect(files.map(({ name, content }) => [name, JSON.parse(content) as unknown])).toEqual([
      ["models.json", { ssd: [3, 2], null: [1] }],
    ]);
    expect(healthTest.at(-1)).toContain("GET /health");
  });

  test("can be protected by a token, and by nothing else", () => {
    expect(accessProblems(kind, { tls: "off", rest: "token" })).toEqual([]);
    expect(accessProblems(kind, { tls: "server", rest: "token" })).toHaveLength(1);
    expect(kind.secretFiles({ ...open, rest: "token" }, {} as never)).toEqual([]);
  });

  test("has an image that is to be built, and says how", () => {
    expect(kind.imageToBuild).toContain(`--build-arg KIND=${kind.name} `);
    expect(kind.imageToBuild).toMatch(/docker build .* -f lab\/web\/Dockerfile .*docker push .*lathe:image/);
  });
});

test("they differ in their names, images, containers and ports, so that all may stand on one machine", () => {
  const told = KINDS.map(({ name, defaultImage, defaultContainer, endpoints: [endpoint] }) => [
    ...[name, defaultImage, defaultContainer, endpoint?.defaultPort],
  ]);
  for (const column of [0, 1, 2, 3]) expect(new Set(told.map((row) => row[column])).size).toBe(KINDS.length);
});
