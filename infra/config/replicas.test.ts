import { expect, test } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { readConfig } from "./read.ts";
import { replicasOf } from "./replicas.ts";
import { resolveConfig } from "./resolve.ts";
import { letter, twin } from "./testing/kinds.ts";

/* A server with replicas, as a stack's config asks for it. */

const resolve = (config: Record<string, string>) =>
  resolveConfig({
    ...{ project: "lathe", stack: "edge", roleDefaults: null, local: false },
    ...{ catalogue: ["null"], kinds: [twin, letter] },
    config: readConfig({ "lathe:host": "h", "lathe:models": "null", ...config }),
  }).servers;
const containers = (config: Record<string, string>) => resolve(config).flatMap(replicasOf);
const faultsOf = (config: Record<string, string>) => {
  try {
    resolve(config);
  } catch (error) {
    if (error instanceof UserError) return error.faults.map(({ what, expected }) => `${what} (${expected ?? ""})`);
    throw error;
  }
  return [];
};

test("replicas are told apart by container, ports and folder; all else is the server's, and the first is as without others", () => {
  const [first, ...others] = containers({ "lathe:settings": '{"replicas":3,"threads":2}' });
  const [alone] = resolve({ "lathe:settings": '{"threads":2}' });
  expect(first).toMatchObject({ ...alone, replicas: 3, rawSettings: { replicas: 3, threads: 2 } });
  expect(others.map((s) => [s.replica, s.id, s.container, s.ports, s.workspace])).toEqual([
    [2, "edge", "twin-2", { grpc: 8600, rest: 8601 }, ".lathe/lathe-edge/.replica-2"],
    [3, "edge", "twin-3", { grpc: 8700, rest: 8701 }, ".lathe/lathe-edge/.replica-3"],
  ]);
  for (const one of others) expect(one.settings).toEqual({ threads: 2 });
});

test("a server of any kind may have them, and one that has none is one container", () => {
  const list = [
    { name: "one", settings: { replicas: 1 } },
    { name: "two", server: "letter", settings: { replicas: 2 } },
  ];
  const all = containers({ "lathe:servers": JSON.stringify(list) });
  expect(all.map((s) => [s.container, s.ports["rest"], s.settings])).toEqual([
    ["twin-one", 8501, {}],
    ["letter-two", 8511, { workers: 1 }],
    ["letter-two-2", 8611, { workers: 1 }],
  ]);
  expect(resolve({})[0]).not.toHaveProperty("replicas");
});

test.each(["0", "65", "1.5", '"4"', "null", "[2]"])("%s replicas are one fault, at their place", (value) => {
  expect(faultsOf({ "lathe:settings": `{"replicas":${value}}` })).toEqual([
    expect.stringMatching(/^lathe:settings\.replicas: .*\(a whole number, 1 to 64\)$/),
  ]);
});

test("what is wrong with the kind's own settings is told beside it, and a name that is nearly right gets a hint", () => {
  expect(faultsOf({ "lathe:settings": '{"replicas":0,"threads":0}' })).toHaveLength(2);
  expect(faultsOf({ "lathe:settings": '{"replica":2}' })[0]).toContain("did you mean lathe:settings.replicas?");
});

test("a replica's port or container that another server has is a fault of the config", () => {
  const own = { name: "b", ports: { grpc: 8600, rest: 9000 } };
  expect(faultsOf({ "lathe:servers": JSON.stringify([{ name: "a", settings: { replicas: 2 } }, own]) })).toEqual([
    expect.stringContaining("8600 would be a's port for grpc of replica 2 and b's port for grpc"),
  ]);
  const names = [{ name: "a", settings: { replicas: 2 } }, { name: "a-2" }];
  expect(faultsOf({ "lathe:servers": JSON.stringify(names) })).toEqual([
    expect.stringContaining('"twin-a-2" is another server\'s container'),
  ]);
  expect(faultsOf({ "lathe:ports": '{"grpc":65500}', "lathe:settings": '{"replicas":2}' })).toEqual([
    expect.stringContaining("65600 would be the port for grpc of replica 2"),
  ]);
});
