import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseMachine } from "../hosts/facts/parse-facts.ts";
import { accessConfig } from "../config/access.ts";
import { REPLICAS } from "../config/replicas.ts";
import { serverKind, serverKindNames } from "./registry.ts";
import { sharedPlans } from "./share.ts";
import { settingsShown } from "./tf-serving/settings.ts";

const FIXTURES = join(import.meta.dirname, "../hosts/facts/fixtures");
const MACHINES = ["lab-edge", "container-with-quota", "hyper-threading-on", "two-sockets-eight-nodes", "arm-board"];

function factsOf(name: string) {
  const reading = parseMachine(readFileSync(join(FIXTURES, `${name}.txt`), "utf8"));
  if (!reading.ok) throw new Error(name);
  return reading.facts;
}
const knobsOf = (kind: string, machine: string) => serverKind(kind).knobs?.(factsOf(machine)) ?? [];
const values = (machine: string, knob: string, kind = "tf-serving") =>
  knobsOf(kind, machine).find(({ name }) => name === knob)?.values;

describe.each(serverKindNames)("the knobs of %s", (name) => {
  const kind = serverKind(name);
  test.each(MACHINES)("on %s are values that its own settings take, the rule among them, each once", (machine) => {
    const facts = factsOf(machine);
    const all = knobsOf(name, machine);
    expect(all.length).toBeGreaterThan(1);
    for (const knob of all) {
      expect(knob.values).toContain(knob.rule);
      expect(new Set(knob.values).size).toBe(knob.values.length);
      for (const value of knob.values) {
        const plans = sharedPlans(kind, knob.settings(value), facts);
        expect(plans, `${knob.name}=${value}`).toBeDefined();
        for (const { settings, placement } of plans ?? []) {
          expect(placement.reason).not.toBe("");
          kind.container([{ name: "m", version: 1 }], settings, accessConfig({}, []));
        }
      }
    }
  });

  test("are settings that its docs name", () => {
    const documented = [...kind.settingsHelp.map(({ key }) => key), REPLICAS];
    for (const knob of knobsOf(name, "hyper-threading-on"))
      for (const value of knob.values)
        expect(documented).toEqual(expect.arrayContaining(Object.keys(knob.settings(value))));
  });

  test("differ in the container or its place, each value from the rule, or one other knob says why not", () => {
    const facts = factsOf("two-sockets-eight-nodes");
    const made = (wanted: Readonly<Record<string, unknown>>) =>
      JSON.stringify(
        sharedPlans(kind, wanted, facts)?.map(({ settings, placement }) => [
          kind.container([{ name: "m", version: 1 }], settings, accessConfig({}, [])),
          placement.cpuSet,
        ]),
      );
    for (const knob of knobsOf(name, "two-sockets-eight-nodes"))
      for (const value of knob.values.filter((v) => v !== knob.rule))
        expect(made(knob.settings(value)), `${knob.name}=${value}`).not.toBe(made(knob.settings(knob.rule)));
  });
});

test("threads go up to the machine's logical CPUs, and to two where it has one", () => {
  expect(values("hyper-threading-on", "threads")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(values("lab-edge", "threads")).toEqual([1, 2]);
  expect(values("two-sockets-eight-nodes", "threads")?.at(-1)).toBe(96);
  expect(values("two-sockets-eight-nodes", "threads")).toContain(48);
});

test("replicas divide the threads of the rule, each number at least twice the one before, and are no more than fit into memory", () => {
  expect(values("hyper-threading-on", "replicas")).toEqual([1, 2, 4]);
  expect(values("two-sockets-eight-nodes", "replicas")).toEqual([1, 2, 4, 8, 16]);
  expect(values("lab-edge", "replicas")).toBeUndefined();
  // A quota of 2.5 CPUs: two threads.
  expect(values("container-with-quota", "replicas")).toEqual([1, 2]);
});

test("pinning is tried only where it can differ", () => {
  expect(values("lab-edge", "pin")).toBeUndefined();
  expect(values("hyper-threading-on", "pin")).toEqual(["none", "physical", "cores"]);
  expect(values("two-sockets-eight-nodes", "pin")).toEqual(["none", "physical", "cores", "node"]);
  const facts = factsOf("hyper-threading-on");
  const lacking = { ...facts, docker: { ...facts.docker, lacks: ["cpuset"] as const } };
  expect(
    serverKind("triton")
      .knobs?.({ ...lacking, docker: { ...lacking.docker, lacks: ["cpuset"] } })
      .map((k) => k.name),
  ).not.toContain("pin");
});

test("what lies around a session is an environment or a flag, and is shown of a running container", () => {
  const kind = serverKind("tf-serving");
  const wanted = kind.settings.parse({ blocktimeMs: 0, mallocArenas: 2, batching: "on", restThreads: 3 });
  const { settings } = kind.settingsFor(factsOf("lab-edge"), wanted);
  const { env, command } = kind.container([{ name: "m", version: 1 }], settings, accessConfig({}, []));
  expect(env).toMatchObject({ KMP_BLOCKTIME: "0", MALLOC_ARENA_MAX: "2", OMP_NUM_THREADS: "1" });
  expect(command).toEqual(expect.arrayContaining(["--enable_batching=true", "--rest_api_num_threads=3"]));
  expect(settingsShown({ env, command })).toMatchObject({
    ...{ KMP_BLOCKTIME: "0", MALLOC_ARENA_MAX: "2", enable_batching: "true", rest_api_num_threads: "3" },
  });
});
