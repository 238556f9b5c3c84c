import { expect, test } from "vitest";
import { UserError, type Fault } from "../../lib/errors.ts";
import { readConfig, readRoleDefaults } from "./read.ts";
import { resolveConfig } from "./resolve.ts";
import { letter, twin } from "./testing/kinds.ts";

/* Several servers on one machine: what `lathe:servers` says, and what holds where it says nothing. */

const resolve = (config: Record<string, string>, more: object = {}) =>
  resolveConfig({
    ...{ project: "lathe", stack: "edge", roleDefaults: null, local: false },
    ...{ catalogue: ["null", "a"], kinds: [twin, letter] },
    config: readConfig({ "lathe:host": "h", ...config }),
    ...more,
  });
const servers = (list: object[], config: Record<string, string> = {}, more: object = {}) =>
  resolve({ "lathe:models": "null", ...config, "lathe:servers": JSON.stringify(list) }, more).servers;
const faultsOf = (body: () => unknown): readonly Fault[] => {
  try {
    body();
  } catch (error) {
    if (error instanceof UserError) return error.faults;
    throw error;
  }
  return [];
};
const whats = (body: () => unknown) => faultsOf(body).map((fault) => fault.what);

test("servers of one machine are told apart by id, ports, container and folder", () => {
  const list = servers([{ name: "one" }, { name: "two" }, { name: "other", server: "letter" }]);
  expect(list.map((s) => [s.id, s.name, s.kind, s.ports, s.container, s.workspace])).toEqual([
    ["edge/one", "one", "twin", { grpc: 8500, rest: 8501 }, "twin-one", ".lathe/lathe-edge/one"],
    ["edge/two", "two", "twin", { grpc: 8510, rest: 8511 }, "twin-two", ".lathe/lathe-edge/two"],
    ["edge/other", "other", "letter", { rest: 8521 }, "letter-other", ".lathe/lathe-edge/other"],
  ]);
});

test("a list of one is the machine's only server, and is called as the machine is", () => {
  expect(servers([{ name: "one", models: ["a"] }])).toMatchObject([
    { id: "edge", name: "edge", container: "twin", workspace: ".lathe/lathe-edge", models: [{ name: "a" }] },
  ]);
});

test("a map's own keys win over the stack's, and the stack's hold where it says nothing", () => {
  const one = { name: "one", models: "a, null", ports: { rest: 9000 }, container: "mine", settings: {}, tls: "server" };
  const stack = {
    "lathe:ports": '{"grpc":7000}',
    "lathe:container": "box",
    "lathe:settings": '{"threads":2}',
    "lathe:pidsLimit": "100",
    "lathe:image": "registry.example/mine",
  };
  expect(servers([one, { name: "two", memoryMiB: 512 }, { name: "third", server: "letter" }], stack)).toMatchObject([
    {
      ...{ models: [{ name: "a" }, { name: "null" }], ports: { grpc: 7000, rest: 9000 }, container: "mine" },
      ...{ settings: {}, access: { tls: "server", rest: "off" }, pidsLimit: 100, image: "registry.example/mine" },
    },
    {
      ...{ models: [{ name: "null" }], ports: { grpc: 7010, rest: 8511 }, container: "box-two", memoryMiB: 512 },
      ...{ settings: { threads: 2 }, access: { tls: "off", rest: "open" } },
    },
    // What the stack says of one kind is not meant for another.
    { container: "box-third", ports: { rest: 8521 }, settings: { workers: 1 }, image: undefined, pidsLimit: 100 },
  ]);
});

test("all faults of all servers are shown at once, each with its path and what mends it", () => {
  const list = [
    { name: "one", ports: { grpc: 0, http: 80 }, memoryMiB: "much" },
    { name: "two", settings: { thread: 2 }, gateTimeoutSecond: 1, models: ["b"] },
    { models: [7], expose: "tunnel", allowFrom: ["192.0.2.1"] },
    { name: "two", server: "leter" },
    { name: "agents", image: "UPPER" },
  ];
  const faults = faultsOf(() => servers(list));
  expect(faults.map((f) => f.what)).toEqual([
    "lathe:servers[0].ports.grpc: 0",
    'lathe:servers[0].memoryMiB: "much"',
    "lathe:servers[1].gateTimeoutSecond: no such key, did you mean lathe:servers[1].gateTimeoutSeconds?",
    "lathe:servers[2].name: missing",
    "lathe:servers[2].models[0]: 7",
    'lathe:servers[4].name: "agents"',
    'lathe:servers[4].image: "UPPER"',
    'lathe:servers[1].models: "b": there is none of that name, did you mean a?',
    "lathe:servers[1].settings.thread: no such key, did you mean lathe:servers[1].settings.threads?",
    "lathe:servers[2].allowFrom: with lathe:expose tunnel all ports are on loopback, and nobody can be let in",
    'lathe:servers[3].server: "leter": there is none of that name, did you mean letter?',
    'lathe:servers[3].name: "two" twice',
  ]);
  expect(faults.every(({ fix }) => fix?.includes("npx lathe pulumi config "))).toBe(true);
  expect(faults[1]?.fix).toBe("npx lathe pulumi config set --path 'lathe:servers[0].memoryMiB' 8192");
  expect(faults[2]?.fix).toBe("npx lathe pulumi config rm --path 'lathe:servers[1].gateTimeoutSecond'");
  expect(whats(() => servers([]))).toEqual(["lathe:servers: []"]);
  expect(whats(() => resolve({ "lathe:servers": "one,two" }))).toEqual(['lathe:servers: "one,two"']);
});

test("what a server's kind cannot do is a fault of the map that asks for it, or of the stack's key", () => {
  const list = [
    { name: "one", tls: "mutual" },
    { name: "two", server: "letter", tls: "server", rest: "open" },
    { name: "third", server: "letter" },
  ];
  expect(faultsOf(() => servers(list, { "lathe:rest": "token" }))).toMatchObject([
    {
      what: "lathe:servers[1].tls: server, but no endpoint of a letter server speaks TLS",
      fix: "npx lathe pulumi config rm --path 'lathe:servers[1].tls'",
    },
    {
      what: "lathe:rest: token, but a letter server has no REST endpoint that a token may protect",
      fix: "npx lathe pulumi config rm lathe:rest",
    },
  ]);
});

test("a fault of what holds for all servers is shown once; models that a server lacks are missed at its place", () => {
  const list = [{ name: "one" }, { name: "two" }];
  expect(whats(() => servers(list, { "lathe:models": "b", "lathe:settings": '{"threads":0}' }))).toEqual([
    'lathe:models: "b": there is none of that name, did you mean a?',
    "lathe:settings.threads: 0",
  ]);
  const without = { "lathe:servers": JSON.stringify([{ name: "one", models: ["a"] }, { name: "two" }]) };
  expect(faultsOf(() => resolve(without))).toMatchObject([
    {
      what: "lathe:servers[1].models: not set",
      fix: "npx lathe pulumi config set --path 'lathe:servers[1].models[0]' ssd-mobilenet",
    },
  ]);
});

test("two servers with one port or one container are a fault of the map that says so", () => {
  const list = [
    { name: "one", container: "box" },
    { name: "two", ports: { grpc: 8501 }, container: "box" },
  ];
  expect(faultsOf(() => servers(list))).toEqual([
    {
      what: "lathe:servers[1].ports.grpc: 8501 would be one's port for rest and two's port for grpc",
      expected: "a port each; those that no map sets are 10 above those of the server before (one, two)",
      fix: "npx lathe pulumi config set --path 'lathe:servers[1].ports.grpc' 8500",
    },
    {
      what: 'lathe:servers[1].container: "box" is another server\'s container',
      expected: "a container for each server",
      fix: "npx lathe pulumi config rm --path 'lathe:servers[1].container'",
    },
  ]);
});

/** Three servers on one machine, as the stack `dev` has them. */
const ROLES = ["client", "cloud", "edge"];
const dev = (config: Record<string, string>, defaults: Record<string, object> = {}) =>
  resolve(
    { "lathe:models": "null", ...config },
    {
      ...{ stack: "dev", local: true },
      serverDefaults: Object.fromEntries(
        ROLES.map((name) => [name, readRoleDefaults(defaults[name] ?? {}, `${name}.yaml`)]),
      ),
    },
  );

test("servers that a stack has where none are named have the defaults of their names", () => {
  const config = dev({ "lathe:pidsLimit": "100" }, { edge: { memoryMiB: 512, pidsLimit: 200 } });
  expect(config).toMatchObject({ role: "dev", ssh: null, workspace: ".lathe/lathe-dev" });
  expect(config.servers.map((s) => [s.id, s.ports, s.container, s.workspace, s.memoryMiB, s.pidsLimit])).toEqual([
    ["dev/client", { grpc: 8500, rest: 8501 }, "twin-client", ".lathe/lathe-dev/client", undefined, 100],
    ["dev/cloud", { grpc: 8510, rest: 8511 }, "twin-cloud", ".lathe/lathe-dev/cloud", undefined, 100],
    ["dev/edge", { grpc: 8520, rest: 8521 }, "twin-edge", ".lathe/lathe-dev/edge", 512, 100],
  ]);
  expect(dev({ "lathe:role": "laptop" }).servers.map((s) => s.id)).toEqual(ROLES.map((name) => `laptop/${name}`));
  expect(
    dev({ "lathe:servers": '[{"name":"edge"},{"name":"b"}]' }, { edge: { memoryMiB: 512 } }).servers,
  ).toMatchObject([
    { id: "dev/edge", memoryMiB: 512 },
    { id: "dev/b", memoryMiB: undefined },
  ]);
});

test("ports that run into each other are a fault that names whose, before any resource exists", () => {
  expect(faultsOf(() => dev({ "lathe:ports": '{"rest":8510}' }))).toEqual([
    {
      what:
        "lathe:ports.rest: 8510 would be client's port for rest and cloud's port for grpc, " +
        "8520 would be cloud's port for rest and edge's port for grpc",
      expected: "a port each; those that no map sets are 10 above those of the server before (client, cloud, edge)",
      fix: "npx lathe pulumi config set --path lathe:ports.rest 8501",
    },
  ]);
  expect(whats(() => dev({ "lathe:ports": '{"grpc":8520,"rest":8500}' }))).toEqual([
    "lathe:ports.rest: 8520 would be client's port for grpc and edge's port for rest",
  ]);
  // Nobody has a REST port that is off.
  expect(whats(() => dev({ "lathe:ports": '{"rest":8510}', "lathe:rest": "off" }))).toEqual([]);
  expect(whats(() => dev({ "lathe:ports": '{"grpc":65515,"rest":65514}' }))).toEqual([]);
});

test("ports above the last that there is are a fault of their key, and all faults are shown at once", () => {
  expect(whats(() => dev({ "lathe:ports": '{"grpc":65520,"rest":65530}' }))).toEqual([
    "lathe:ports.rest: 65540 would be cloud's port for rest, 65550 would be edge's port for rest",
    "lathe:ports.grpc: 65540 would be edge's port for grpc",
    "lathe:ports.grpc: 65530 would be client's port for rest and cloud's port for grpc, " +
      "65540 would be cloud's port for rest and edge's port for grpc",
  ]);
});
