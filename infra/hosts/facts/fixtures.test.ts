import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { threadPlan } from "../../threads.ts";
import { parseMachine } from "./parse-facts.ts";

/*
 * What real machines say of themselves, in full. Each file tells in its first lines whether it was recorded or written
 * after what is published of a machine; at its end is lscpu's own summary, which the facts do not use.
 */

const DIR = join(import.meta.dirname, "fixtures");
const NAMES = readdirSync(DIR).map((file) => file.replace(/\.txt$/, ""));

const textOf = (name: string) => readFileSync(join(DIR, `${name}.txt`), "utf8");

function factsOf(name: string) {
  const reading = parseMachine(textOf(name));
  if (!reading.ok) throw new Error(JSON.stringify(reading.problem));
  return reading.facts;
}

/** Machine: cores that count, threads, pinned to, memory of, and a word of the reason. */
const EXPECTED: Readonly<Record<string, readonly [number, number, string, string | undefined, string]>> = {
  "hyper-threading-on": [4, 4, "0-3", "0", "8 logical CPUs, hyper-threads counted once"],
  "hyper-threading-off": [4, 4, "0-3", "0", "4 offline"],
  "hyper-threading-off-in-firmware": [8, 8, "0-7", "0", "8 physical cores may be used"],
  "offline-cpus": [3, 3, "0,3,5", "0", "3 offline"],
  "two-sockets-eight-nodes": [48, 48, "0-47", "0-7", "96 logical CPUs"],
  "two-sockets-interleaved": [16, 16, "0-15", "0-1", "32 logical CPUs"],
  hybrid: [6, 6, "0-1,3,6,8,10", "0", "10 efficiency cores left out"],
  "arm-big-little": [5, 5, "3-7", undefined, "3 efficiency cores left out"],
  "arm-board": [2, 2, "4-5", undefined, "4 efficiency cores left out"],
  "four-threads-a-core": [16, 16, "0,4,8,12,16,20,24,28,32,36,40,44,48,52,56,60", "0", "64 logical CPUs"],
  "container-with-quota": [4, 2, "0,3", "0", "a quota of 2.5 CPUs leaves 2 threads"],
  "two-clocks-a-kind": [10, 10, "5-9,15-19", "0", "10 efficiency cores left out"],
  "virtual-machine": [2, 2, "0-1", "0", "2 physical cores may be used"],
  "lab-client": [1, 1, "0", "0", "1 not allowed here"],
  "lab-edge": [1, 1, "1", "0", "1 not allowed here"],
};

test("every fixture has its expectation", () => {
  expect(NAMES.sort()).toEqual(Object.keys(EXPECTED).sort());
});

describe.each(Object.entries(EXPECTED))("%s", (name, [cores, threads, cpuSet, memorySet, reason]) => {
  const facts = factsOf(name);

  test("gives the right number of cores and threads, and says why", () => {
    const plan = threadPlan(facts, { pin: "physical" });
    expect(plan).toMatchObject({ physicalCores: cores, threads, cpuSet });
    expect(plan.memorySet).toBe(memorySet);
    expect(plan.reason).toContain(reason);
  });

  test("has as many online cores in all as lscpu itself counts", () => {
    const summary = textOf(name).slice(textOf(name).indexOf("@@lscpu-summary"));
    const values = (field: RegExp) => [...summary.matchAll(field)].map((m) => Number(m[1]));
    const perSocket = values(/^Core\(s\) per socket: +(\d+)$/gm);
    const sockets = values(/^Socket\(s\): +(\d+)$/gm);
    const counted = perSocket.reduce((sum, count, i) => sum + count * (sockets[i] ?? 1), 0);
    const online = facts.cpu.logical.filter((c) => c.online);
    expect(new Set(online.map((c) => `${c.socket}/${c.core}`)).size).toBe(counted);
    expect(facts.cpu.logical).toHaveLength(values(/^CPU\(s\): +(\d+)$/gm)[0] ?? 0);
  });
});

test("one NUMA node's cores and memory are taken together, on machines with several", () => {
  const epyc = factsOf("two-sockets-eight-nodes");
  expect(threadPlan(epyc, { pin: "node" })).toMatchObject({ threads: 6, cpuSet: "0-5", memorySet: "0" });
  const rack = factsOf("two-sockets-interleaved");
  expect(threadPlan(rack, { pin: "node" })).toMatchObject({ threads: 8, cpuSet: "0,2,4,6,8,10,12,14" });
  expect(threadPlan(rack, { pin: "cores", coresFor: () => 2 })).toMatchObject({ cpuSet: "0,2,16,18", memorySet: "0" });
});

test("what a host says of its memory, quota and kinds of core is read", () => {
  expect(factsOf("container-with-quota")).toMatchObject({ memoryBytes: 8 * 2 ** 30, cpu: { quotaCpus: 2.5 } });
  expect(factsOf("two-sockets-interleaved").nodes?.map((n) => n.node)).toEqual([0, 1]);
  expect(factsOf("arm-big-little").cpu.model).toBe("Cortex-A510 + Cortex-A710 + Cortex-A715 + Cortex-X3");
  expect(factsOf("lab-edge").cpu.quotaCpus).toBe(0.7);
});
