import { expect, test } from "vitest";
import type { HostFacts } from "../hosts/facts.ts";
import { edgeFacts } from "../../test/program/mocks.ts";
import { allowedCpus, insideDifferences, parseInside } from "./inside.ts";
import type { GateSpec } from "./spec.ts";

const plan = {
  container: "server",
  env: { OMP_NUM_THREADS: "4" },
  cpuSet: "0-3",
  memorySet: "0",
  cpus: "0-3",
  onlineCpus: "0-7",
  memoryMiB: 1024,
  pidsLimit: 4096,
} as unknown as GateSpec;

const SAID = `Cpus_allowed_list: 0-3
Mems_allowed_list: 0
memory 1073741824
pids 4096
quota max 100000
env PATH=/usr/bin:/bin
env OMP_NUM_THREADS=4
env EQUALS=a=b
`;

const faults = (text: string, changes: Partial<GateSpec> = {}) =>
  insideDifferences(parseInside(text), { ...plan, ...changes }).map((f) => `${f.what} / ${f.expected}`);

test("a server that has what was planned has no differences, in both versions of control groups", () => {
  expect(faults(SAID)).toEqual([]);
  expect(faults(SAID.replace("quota max 100000", "quota -1"))).toEqual([]);
  expect(parseInside(SAID).env["EQUALS"]).toBe("a=b");
});

test("every difference is named with what was planned", () => {
  const other = `Cpus_allowed_list: 0-1
Mems_allowed_list: 0-1
memory 2147483648
pids max
quota 50000 100000
env PATH=/bin
`;
  expect(faults(other)).toEqual([
    "inside container server: CPUs: 0-1 / 0-3, as planned",
    "inside container server: memory nodes: 0-1 / 0, as planned",
    "inside container server: memory limit in bytes: 2147483648 / 1073741824, as planned",
    "inside container server: process limit: unknown / 4096, as planned",
    "inside container server: CPU quota: set / none, as planned",
    "inside container server: variable OMP_NUM_THREADS: unknown / 4, as planned",
  ]);
});

test("a kernel that tells nothing is not as planned", () => {
  expect(faults("").length).toBe(5);
});

test("a container that is not pinned has all CPUs of its host, whatever CPUs that do not run its mask names", () => {
  const unpinned = { cpuSet: "", memorySet: "", cpus: "0-7" };
  expect(faults(SAID.replace("list: 0-3", "list: 0-127"), unpinned)).toEqual([]);
  expect(faults(SAID, unpinned)).toEqual(["inside container server: CPUs: 0-3 / 0-7, as planned"]);
  const offline: HostFacts = {
    ...edgeFacts,
    cpu: {
      ...edgeFacts.cpu,
      allowed: [0, 1, 2, 3, 7],
      logical: edgeFacts.cpu.logical.map((c) => ({ ...c, online: c.cpu !== 2 })),
    },
  };
  expect(allowedCpus(offline)).toBe("0-1,3,7");
});

test("a limit for which the engine has no controller is not missed inside", () => {
  const without = SAID.replace(/^memory .*\n/m, "").replace(/^pids .*\n/m, "pids max\n");
  expect(faults(without, { memoryMiB: null, pidsLimit: null })).toEqual([]);
  expect(faults(without)).toHaveLength(2);
});
