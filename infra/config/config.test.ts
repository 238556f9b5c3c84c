import { expect, test } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { CONFIG_KEYS } from "./keys.ts";
import { readConfig, readRoleDefaults, type ReadConfig } from "./read.ts";
import { configReference } from "./reference.ts";
import { resolveConfig } from "./resolve.ts";

const names = { catalogue: ["null", "ssd-mobilenet", "a"], servers: ["tf-serving"] };

const resolve = (config: ReadConfig, more: object = {}) =>
  resolveConfig({ project: "lathe", stack: "edge", config, roleDefaults: null, local: false, ...names, ...more });

const faultsOf = (body: () => unknown): string[] => {
  try {
    body();
  } catch (error) {
    if (error instanceof UserError) return error.faults.map((f) => f.what);
    throw error;
  }
  return [];
};

test("all faults of a config are shown at once, place first, each with the command that mends it", () => {
  const config = readConfig({
    "lathe:grpcPort": "eighty",
    "lathe:hots": "ubuntu@edge",
    "lathe:models": '["ssd-mobilenet", 7]',
    "lathe:threads": '{"omp": 0}',
    "lathe:gateTimeoutSeconds": "1.5",
    "aws:region": "not ours",
  });
  const faults = faultsOf(() => resolve(config));
  expect(faults).toEqual([
    'lathe:grpcPort: "eighty"',
    "lathe:hots: no such key, did you mean lathe:host?",
    "lathe:models[1]: 7",
    "lathe:threads.omp: 0",
    "lathe:gateTimeoutSeconds: 1.5",
    "lathe:host: not set",
  ]);
  expect(config.faults.every((fault) => fault.fix?.startsWith("pulumi config "))).toBe(true);
});

test("what the user set wins over the role's defaults, which win over Lathe's own", () => {
  const config = readConfig({ "lathe:host": "ubuntu@edge", "lathe:restPort": "9501" });
  const roleDefaults = readRoleDefaults(
    { models: [null, "ssd-mobilenet"], restPort: 7501, threads: { pin: "physical" } },
    "f",
  );
  expect(resolve(config, { roleDefaults })).toMatchObject({
    role: "edge",
    ssh: { destination: "ubuntu@edge" },
    models: [{ name: "null" }, { name: "ssd-mobilenet" }],
    grpcPort: 8500,
    restPort: 9501,
    threads: { pin: "physical" },
    workspace: ".lathe/lathe-edge",
  });
});

test("the model called null is a name, however YAML and JSON read it", () => {
  for (const text of ["[null]", '["null"]', '[{"name": null}]', "null", "ssd , null"]) {
    const { values, faults } = readConfig({ "lathe:models": text });
    expect(faults).toEqual([]);
    const last = values.models?.at(-1);
    expect(typeof last === "object" ? last.name : last).toBe("null");
  }
});

test("a model named twice and one port for both protocols are faults", () => {
  const config = readConfig({ "lathe:host": "h", "lathe:models": "a,a", "lathe:restPort": "8500" });
  expect(faultsOf(() => resolve(config))).toEqual([
    'lathe:models: "a" twice',
    "lathe:restPort: 8500 is the gRPC port too",
  ]);
});

test("a model or a server that there is none of is named with the nearest one", () => {
  const config = readConfig({ "lathe:host": "h", "lathe:models": "ssd-mobilnet", "lathe:server": "triton" });
  expect(faultsOf(() => resolve(config))).toEqual([
    'lathe:models: "ssd-mobilnet": there is none of that name, did you mean ssd-mobilenet?',
    'lathe:server: "triton": there is none of that name',
  ]);
});

test("a model's versions may be from several sources, and a source that there is none of is named", () => {
  const models = (json: string) => resolve(readConfig({ "lathe:host": "h", "lathe:models": json })).models;
  const from = { "1": "ssd-mobilenet", "2": "./exported/2" };
  expect(models(JSON.stringify([{ name: "detector", version: 1, canary: 2, from }]))).toEqual([
    { name: "detector", version: 1, canary: 2, from },
  ]);
  expect(faultsOf(() => models('[{"name": "detector", "version": 3, "from": {"1": "null"}}]'))).toEqual([
    'lathe:models: "detector": there is none of that name',
  ]);
  expect(faultsOf(() => models('[{"name": "null", "canary": 1}]'))).toEqual([
    "lathe:models: null: version 1 is both live and canary",
  ]);
});

test("a host that ssh would take for an option, and a workspace that is not Lathe's alone, are refused", () => {
  const config = readConfig({ "lathe:host": "-oProxyCommand=x", "lathe:workspace": "/home" });
  expect(config.faults.map((f) => f.what)).toEqual(['lathe:host: "-oProxyCommand=x"', 'lathe:workspace: "/home"']);
  expect(readConfig({ "lathe:workspace": "/srv/../.." }).faults).toHaveLength(1);
});

test("faults in a role's file name the file", () => {
  const { faults } = readRoleDefaults({ model: ["a"] }, "stacks/roles/x.yaml");
  expect(faults[0]?.what).toBe("stacks/roles/x.yaml: model: no such key, did you mean stacks/roles/x.yaml: models?");
});

test("the reference tells every key", () => {
  for (const name of Object.keys(CONFIG_KEYS)) expect(configReference()).toContain(`### \`lathe:${name}\``);
});
