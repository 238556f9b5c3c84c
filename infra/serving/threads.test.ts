import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostFacts, LogicalCpu } from "../hosts/facts.ts";
import { parseCpuList } from "../hosts/cpulist.ts";
import { threadPlan, type ThreadPolicy } from "./threads.ts";

const auto: ThreadPolicy = { pin: "none" };

function host(logical: LogicalCpu[], cpu: Partial<HostFacts["cpu"]> = {}): HostFacts {
  return {
    hostname: "h",
    os: "Debian",
    kernel: "6.1",
    arch: "x86_64",
    cpu: { model: "m", logical, allowed: logical.map((c) => c.cpu), quotaCpus: null, ...cpu },
    memoryBytes: 2 ** 33,
    docker: { version: "20.10.24", apiVersion: "1.41", storageDriver: "overlay2" },
  };
}

const cpus = (count: number, core: (cpu: number) => number | null, more: Partial<LogicalCpu> = {}): LogicalCpu[] =>
  Array.from({ length: count }, (_, cpu) => ({ cpu, core: core(cpu), socket: 0, node: 0, online: true, ...more }));

describe("the rule of physical cores", () => {
  test("hyper-threads count once, and the paper's client gets 4 threads and 2 operators", () => {
    const plan = threadPlan(host(cpus(8, (c) => c % 4)), auto);
    expect(plan).toMatchObject({ physicalCores: 4, ompNumThreads: 4, intraOpParallelism: 4, interOpParallelism: 2 });
    expect(plan.cpuSet).toBeUndefined();
    expect(plan.reason).toBe("4 physical cores may be used (8 logical CPUs, hyper-threads counted once).");
  });

  test("the same core number on another socket is another core", () => {
    const two = [...cpus(2, (c) => c), ...cpus(2, (c) => c, { socket: 1 }).map((c) => ({ ...c, cpu: c.cpu + 2 }))];
    expect(threadPlan(host(two), auto).physicalCores).toBe(4);
  });

  test("offline CPUs and CPUs outside the cpuset do not count", () => {
    const all = cpus(8, (c) => c).map((c) => ({ ...c, online: c.cpu < 6 }));
    const plan = threadPlan(host(all, { allowed: [1, 2, 3, 7] }), auto);
    expect(plan.physicalCores).toBe(3);
    expect(plan.reason).toContain("3 not allowed here, 2 offline");
  });

  test("efficiency cores are left out where there are performance cores, and counted where there are none", () => {
    const hybrid = cpus(8, (c) => (c < 4 ? Math.floor(c / 2) : c)).map((c) => ({
      ...c,
      kind: c.cpu < 4 ? ("performance" as const) : ("efficiency" as const),
    }));
    expect(threadPlan(host(hybrid), auto)).toMatchObject({ physicalCores: 2, ompNumThreads: 2 });
    expect(threadPlan(host(hybrid, { allowed: [4, 5, 6] }), auto).physicalCores).toBe(3);
  });

  test("a quota is rounded down, to at least one thread", () => {
    for (const [quotaCpus, threads] of [
      [2.9, 2],
      [0.5, 1],
      [16, 4],
    ] as const) {
      expect(
        threadPlan(
          host(
            cpus(4, (c) => c),
            { quotaCpus },
          ),
          auto,
        ).ompNumThreads,
      ).toBe(threads);
    }
  });

  test("a host that does not tell cores apart counts each logical CPU, and says so", () => {
    const plan = threadPlan(host(cpus(3, () => null)), auto);
    expect(plan.physicalCores).toBe(3);
    expect(plan.reason).toContain("does not tell cores from hyper-threads");
  });
});

describe("the policy", () => {
  test("explicit numbers override the rule and are named in the reason", () => {
    const plan = threadPlan(host(cpus(4, (c) => c)), { omp: 8, intraOp: 1, interOp: 3, pin: "none" });
    expect(plan).toMatchObject({ ompNumThreads: 8, intraOpParallelism: 1, interOpParallelism: 3 });
    expect(plan.reason).toContain("omp 8, intraOp 1, interOp 3");
  });

  test("pinning takes one hyper-thread of each core, or all of them", () => {
    const facts = host(cpus(8, (c) => c % 4));
    expect(threadPlan(facts, { pin: "physical" })).toMatchObject({ cpuSet: "0-3", memorySet: "0" });
    expect(threadPlan(facts, { pin: "cores", omp: 1, intraOp: 2 }).cpuSet).toBe("0-1,4-5");
  });
});

test("whatever the host, the automatic plan has at least one thread and never exceeds what the host has", () => {
  const cpu = fc.record({
    core: fc.option(fc.nat(8)),
    socket: fc.option(fc.nat(1)),
    node: fc.option(fc.nat(1)),
    online: fc.boolean(),
    kind: fc.constantFrom("performance" as const, "efficiency" as const, undefined),
  });
  fc.assert(
    fc.property(
      fc.array(cpu, { minLength: 1, maxLength: 24 }),
      fc.array(fc.nat(23)),
      fc.option(fc.double({ min: 0.01, max: 32, noNaN: true })),
      fc.constantFrom("none" as const, "physical" as const, "cores" as const),
      (list, allowed, quotaCpus, pin) => {
        const logical = list.map(({ kind, ...c }, i): LogicalCpu => ({ cpu: i, ...c, ...(kind ? { kind } : {}) }));
        if (!logical.some((c) => c.online)) return;
        const plan = threadPlan(host(logical, { allowed, quotaCpus }), { pin });
        const usable = logical.filter((c) => c.online && allowed.includes(c.cpu));
        const most = Math.max(1, usable.length);
        for (const threads of [plan.ompNumThreads, plan.intraOpParallelism]) {
          expect(threads).toBeGreaterThanOrEqual(1);
          expect(threads).toBeLessThanOrEqual(plan.physicalCores);
          if (quotaCpus !== null) expect(threads).toBeLessThanOrEqual(Math.max(1, quotaCpus));
        }
        expect(plan.physicalCores).toBeLessThanOrEqual(most);
        const pinned = parseCpuList(plan.cpuSet ?? "");
        if (usable.length > 0) expect(pinned.every((c) => usable.some((u) => u.cpu === c))).toBe(true);
        expect(pinned.length > 0).toBe(pin !== "none");
      },
    ),
  );
});
