import { expect, test } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { CONFIG_KEYS } from "./keys.ts";
import { readConfig, readRoleDefaults, type ReadConfig } from "./read.ts";
import { configReference } from "./reference.ts";
import { resolveConfig } from "./resolve.ts";
import { letter, twin } from "./testing/kinds.ts";

const SOURCES = { project: "lathe", stack: "edge", roleDefaults: null, local: false } as const;
const names = { catalogue: ["null", "ssd-mobilenet", "a"], kinds: [twin, letter] };

const resolve = (config: ReadConfig, more: object = {}) => resolveConfig({ ...SOURCES, ...names, config, ...more });
const only = (config: Record<string, string>, more: object = {}) =>
  resolve(readConfig({ "lathe:host": "h", "lathe:models": "a", ...config }), more).servers[0];

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
    "lathe:ports": '{"grpc":"eighty"}',
    "lathe:hots": "ubuntu@edge",
    "lathe:models": '["ssd-mobilenet", 7]',
    "lathe:settings": '{"threads": 0, "pin": "nowhere", "thread": 1}',
    "lathe:gateTimeoutSeconds": "1.5",
    "aws:region": "not ours",
  });
  expect(faultsOf(() => resolve(config))).toEqual([
    'lathe:ports.grpc: "eighty"',
    "lathe:hots: no such key, did you mean lathe:host?",
    "lathe:models[1]: 7",
    "lathe:gateTimeoutSeconds: 1.5",
    "lathe:host: not set",
    "lathe:settings.threads: 0",
    'lathe:settings.pin: "nowhere"',
    "lathe:settings.thread: no such key, did you mean lathe:settings.threads?",
  ]);
  expect(config.faults.map((fault) => fault.fix)).toEqual([
    "npx lathe pulumi config set --path lathe:ports.grpc 8500",
    "npx lathe pulumi config rm lathe:hots",
    "npx lathe pulumi config set --path 'lathe:models[0]' ssd-mobilenet",
    "npx lathe pulumi config set lathe:gateTimeoutSeconds 180",
  ]);
});

test("a key that was set with --secret is refused with the reason, and no fault shows its value", () => {
  const all = { "lathe:host": "not a host", "lathe:models": "a", "lathe:workspace": "relative", "aws:key": "s3cret" };
  const config = readConfig(all, ["lathe:host", "lathe:workspace", "aws:key"]);
  expect(config.faults).toMatchObject([
    { what: "lathe:host: set with --secret", fix: expect.stringContaining("pulumi config rm lathe:host") as string },
    { what: "lathe:workspace: set with --secret" },
  ]);
  expect(config.values).toEqual({ models: ["a"] });
  expect(JSON.stringify(config)).not.toContain("not a host");
  // A key that is refused is not one that is missing.
  expect(faultsOf(() => resolve(config))).toEqual([
    "lathe:host: set with --secret",
    "lathe:workspace: set with --secret",
  ]);
});

test("what the user set wins over the role's defaults, which win over Lathe's own", () => {
  const config = readConfig({ "lathe:host": "ubuntu@edge", "lathe:ports": '{"rest":9501}' });
  const roleDefaults = readRoleDefaults(
    { models: [null, "ssd-mobilenet"], ports: { rest: 7501 }, settings: { pin: "cores" } },
    "f",
  );
  expect(resolve(config, { roleDefaults })).toEqual({
    role: "edge",
    ssh: { destination: "ubuntu@edge" },
    address: undefined,
    bootstrap: "false",
    workspace: ".lathe/lathe-edge",
    servers: [
      {
        name: "edge",
        id: "edge",
        kind: "twin",
        models: [
          { name: "null", version: undefined },
          { name: "ssd-mobilenet", version: undefined },
        ],
        image: undefined,
        ports: { grpc: 8500, rest: 9501 },
        container: "twin",
        settings: { pin: "cores" },
        rawSettings: { pin: "cores" },
        memoryMiB: undefined,
        pidsLimit: 4096,
        gateTimeoutSeconds: 180,
        workspace: ".lathe/lathe-edge",
        access: {
          expose: "address",
          tls: "off",
          rest: "open",
          proxyImage: "haproxy:2.8",
          allowFrom: [],
          user: "unprivileged",
        },
      },
    ],
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

test("a model named twice, one port for two protocols and a port of no endpoint are faults", () => {
  const config = readConfig({
    "lathe:host": "h",
    "lathe:models": "a,a",
    "lathe:ports": '{"rest":8500,"http":80}',
  });
  expect(faultsOf(() => resolve(config))).toEqual([
    "lathe:ports.http: a twin server has no such endpoint",
    'lathe:models: "a" twice',
    "lathe:ports.rest: 8500 would be the port for grpc and the port for rest",
  ]);
  // A port that is closed is nobody's.
  expect(only({ "lathe:ports": '{"rest":8500}', "lathe:rest": "off" })?.ports).toEqual({ grpc: 8500, rest: 8500 });
});

test("a model or a server kind that there is none of is named with the nearest one", () => {
  const config = readConfig({ "lathe:host": "h", "lathe:models": "ssd-mobilnet", "lathe:server": "lettr" });
  expect(faultsOf(() => resolve(config))).toEqual([
    'lathe:server: "lettr": there is none of that name, did you mean letter?',
    'lathe:models: "ssd-mobilnet": there is none of that name, did you mean ssd-mobilenet?',
  ]);
});

test("a kind's own schema reads its settings, and fills in what they leave out", () => {
  expect(only({ "lathe:server": "letter" })).toMatchObject({ settings: { workers: 1 }, ports: { rest: 8501 } });
  expect(only({ "lathe:server": "letter", "lathe:settings": '{"workers":4}' })?.settings).toEqual({ workers: 4 });
  expect(faultsOf(() => only({ "lathe:settings": "auto" }))).toEqual(['lathe:settings: "auto"']);
});

test("what a role says of one kind is not taken for another kind's that the stack names", () => {
  const roleDefaults = readRoleDefaults(
    { image: "x", ports: { grpc: 1 }, settings: { pin: "cores" }, memoryMiB: 64 },
    "f",
  );
  expect(only({ "lathe:server": "letter" }, { roleDefaults })).toMatchObject({
    ...{ image: undefined, ports: { rest: 8501 }, settings: { workers: 1 }, memoryMiB: 64 },
  });
  expect(only({ "lathe:server": "twin" }, { roleDefaults })).toMatchObject({ image: "x", settings: { pin: "cores" } });
});

test("a model's versions may be from several sources, and a source that there is none of is named", () => {
  const models = (json: string) => only({ "lathe:models": json })?.models;
  const from = { "1": "ssd-mobilenet", "2": "./exported/2" };
  expect(models(JSON.stringify([{ name: "detector", version: 1, canary: 2, from }]))).toEqual([
    { name: "detector", version: 1, canary: 2, from },
  ]);
  expect(faultsOf(() => models('[{"name": "detector", "version": 3, "from": {"1": "null"}}]'))).toEqual([
    'lathe:models: "detector": there is none of that name',
  ]);
  expect(faultsOf(() => models('["a", {"name": "null", "canary": 1}]'))).toEqual([
    "lathe:models: null: version 1 is both live and canary",
  ]);
});

test("a host that ssh would take for an option, and a workspace that is not Lathe's alone, are refused", () => {
  const config = readConfig({ "lathe:host": "-oProxyCommand=x", "lathe:workspace": "/home" });
  expect(config.faults.map((f) => f.what)).toEqual(['lathe:host: "-oProxyCommand=x"', 'lathe:workspace: "/home"']);
  expect(readConfig({ "lathe:workspace": "/srv/../.." }).faults).toHaveLength(1);
});

test("faults in a role's file name the file, those that are seen late too", () => {
  const { faults } = readRoleDefaults({ model: ["a"] }, "stacks/roles/x.yaml");
  expect(faults[0]?.what).toBe("stacks/roles/x.yaml: model: no such key, did you mean stacks/roles/x.yaml: models?");
  const roleDefaults = readRoleDefaults({ models: ["b"], settings: { threads: 0 } }, "x.yaml");
  expect(faultsOf(() => resolve(readConfig({ "lathe:host": "h" }), { roleDefaults }))).toEqual([
    'x.yaml: models: "b": there is none of that name, did you mean a?',
    "x.yaml: settings.threads: 0",
  ]);
});

test("the reference tells every key, and every setting of every kind", () => {
  const reference = configReference(names.kinds);
  for (const name of Object.keys(CONFIG_KEYS)) expect(reference).toContain(`### \`lathe:${name}\``);
  for (const kind of names.kinds) {
    expect(reference).toContain(`## Server kind \`${kind.name}\``);
    for (const { key, otherwise } of kind.settingsHelp)
      expect(reference).toMatch(new RegExp(`^\\| \`${key}\` \\| .* \\| ${otherwise} \\|$`, "m"));
  }
  expect(reference).toContain("Where they run: none \\| cores.");
  expect(reference).toContain("`lathe:ports.rest`, if not set: 8501; can have a token, by a proxy; can be closed");
});
