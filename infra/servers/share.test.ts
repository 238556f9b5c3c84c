import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseCpuList } from "../../lib/cpulist.ts";
import { parseMachine } from "../hosts/facts/parse-facts.ts";
import { shareOf, threadPlan } from "../threads.ts";
import { serverKind, serverKindNames } from "./registry.ts";
import { sharedPlans } from "./share.ts";

const FIXTURES = join(import.meta.dirname, "../hosts/facts/fixtures");
function factsOf(name: string) {
  const reading = parseMachine(readFileSync(join(FIXTURES, `${name}.txt`), "utf8"));
  if (!reading.ok) throw new Error(name);
  return reading.facts;
}
const MACHINES = ["hyper-threading-on", "two-sockets-eight-nodes", "two-sockets-interleaved", "arm-big-little"];

test.each(MACHINES)("replicas on %s have equal shares of the cores that may be used, and no core twice", (machine) => {
  const facts = factsOf(machine);
  const { physicalCores } = threadPlan(facts, { pin: "none" });
  for (let n = 1; n <= physicalCores; n++) {
    const shares = Array.from({ length: n }, (_, i) => shareOf(facts, i, n));
    const cores = shares.map((share) => threadPlan(share, { pin: "none" }).physicalCores);
    expect(new Set(cores)).toEqual(new Set([Math.floor(physicalCores / n)]));
    const cpus = shares.flatMap(({ cpu }) => cpu.allowed);
    expect(new Set(cpus).size).toBe(cpus.length);
    for (const cpu of cpus) expect(facts.cpu.allowed).toContain(cpu);
  }
});

test("a share is of one NUMA node where that has room, however the machine counts its CPUs", () => {
  const facts = factsOf("two-sockets-interleaved");
  for (const i of [0, 1]) {
    const { memorySet } = threadPlan(shareOf(facts, i, 2), { pin: "physical" });
    expect(parseCpuList(memorySet ?? "")).toEqual([i]);
  }
});

test("a quota is shared, too, and each replica has a thread at the least", () => {
  const facts = factsOf("hyper-threading-on");
  const limited = (quotaCpus: number) => ({ ...facts, cpu: { ...facts.cpu, quotaCpus } });
  const threads = (quota: number, n: number) => threadPlan(shareOf(limited(quota), 0, n), { pin: "none" }).threads;
  expect([threads(4, 2), threads(3, 2), threads(2, 4)]).toEqual([2, 1, 1]);
});

test("more replicas than cores are refused, with how many there may be", () => {
  expect(() => shareOf(factsOf("hyper-threading-on"), 0, 5)).toThrow(
    /replicas: 5, and 4 physical cores may be used on the machine\n.*a core for each/,
  );
});

describe.each(serverKindNames)("replicas of %s", (name) => {
  test("are pinned side by side, and have the settings of a server on a machine of their share", () => {
    const kind = serverKind(name);
    const facts = factsOf("hyper-threading-on");
    const [first, second, ...more] = sharedPlans(kind, { replicas: 2, pin: "physical" }, facts) ?? [];
    expect([first?.placement.cpuSet, second?.placement.cpuSet, more]).toEqual(["0-1", "2-3", []]);
    expect(first?.settings).toEqual(second?.settings);
    expect(first?.settings).toEqual(
      kind.settingsFor(shareOf(facts, 0, 2), kind.settings.parse({ pin: "physical" })).settings,
    );
    expect(first?.placement.reason).toMatch(/^2 replicas share the cores\. Of each: 2 physical cores/);
    expect(sharedPlans(kind, { replicas: 5 }, facts)).toBeUndefined();
    expect(sharedPlans(kind, { replicas: 2, nothing: 1 }, facts)).toBeUndefined();
    expect(sharedPlans(kind, {}, facts)?.[0]).toEqual(kind.settingsFor(facts, kind.settings.parse({})));
  });
});
