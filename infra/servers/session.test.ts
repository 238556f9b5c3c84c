import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostFacts, LogicalCpu } from "../hosts/facts.ts";
import { parseCpuList } from "../../lib/cpulist.ts";
import { memoryShareMiB } from "../resources/container-args.ts";
import { memoryFor } from "../threads.ts";
import { sessionFor, variablesShown, SessionSettings } from "./session.ts";

const threadPlan = (facts: HostFacts, wanted: SessionSettings) => {
  const { settings, placement } = sessionFor(facts, wanted);
  return { ...settings, ...placement };
};

const auto: SessionSettings = { pin: "none" };

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
    expect(plan).toMatchObject({ physicalCores: 4, omp: 4, intraOp: 4, interOp: 2 });
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
    expect(threadPlan(host(hybrid), auto)).toMatchObject({ physicalCores: 2, omp: 2 });
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
        ).omp,
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
    expect(plan).toMatchObject({ omp: 8, intraOp: 1, interOp: 3 });
    expect(plan.reason).toContain("omp 8, intraOp 1, interOp 3");
  });

  test("pinning takes one hyper-thread of each core, or all of them", () => {
    const facts = host(cpus(8, (c) => c % 4));
    expect(threadPlan(facts, { pin: "physical" })).toMatchObject({ cpuSet: "0-3", memorySet: "0" });
    expect(threadPlan(facts, { pin: "cores", omp: 1, intraOp: 2 }).cpuSet).toBe("0-1,4-5");
  });
});

describe("NUMA", () => {
  const GIB = 2 ** 30;
  /** Two sockets of four cores; each is a node with its own memory. */
  const two = (nodes?: HostFacts["nodes"]): HostFacts => ({
    ...host(cpus(8, (c) => c).map((c) => ({ ...c, socket: c.cpu >> 2, node: c.cpu >> 2 }))),
    memoryBytes: 8 * GIB,
    ...(nodes === undefined ? {} : { nodes }),
  });
  const even = [0, 1].map((node) => ({ node, memoryBytes: 4 * GIB }));

  test("a plan that fits into one node takes its CPUs and its memory, and no more memory than it has", () => {
    const facts = two([
      { node: 0, memoryBytes: 3 * GIB },
      { node: 1, memoryBytes: 5 * GIB },
    ]);
    const plan = threadPlan(facts, { pin: "physical", omp: 3, intraOp: 3 });
    expect(plan).toMatchObject({ cpuSet: "0-2", memorySet: "0" });
    expect(memoryFor(facts, plan)).toBe(3 * GIB);
    expect(memoryFor(facts, threadPlan(facts, auto))).toBe(8 * GIB);
  });

  test("a node that has room for all threads is taken even where another one comes first", () => {
    const facts = { ...two(even), cpu: { ...two().cpu, allowed: [0, 4, 5, 6] } };
    expect(threadPlan(facts, { pin: "physical", omp: 2, intraOp: 2 })).toMatchObject({
      cpuSet: "4-5",
      memorySet: "1",
    });
  });

  test("pin: node counts one node's cores only, and says so", () => {
    const plan = threadPlan(two(even), { pin: "node" });
    expect(plan).toMatchObject({ physicalCores: 4, omp: 4, cpuSet: "0-3", memorySet: "0" });
    expect(plan.reason).toContain("one NUMA node has 4 physical cores of them");
  });

  test("memory is never bound to a node that has none", () => {
    const facts = two([{ node: 1, memoryBytes: 8 * GIB }]);
    expect(threadPlan(facts, { pin: "node" })).not.toHaveProperty("memorySet");
    expect(threadPlan(facts, { pin: "physical" })).toMatchObject({ cpuSet: "0-7", memorySet: "1" });
  });
});

test("whatever the host, the automatic plan has at least one thread and never exceeds what the host has", () => {
  const cpu = fc.record({
    core: fc.option(fc.nat(8)),
    socket: fc.option(fc.nat(1)),
    node: fc.option(fc.nat(3)),
    online: fc.boolean(),
    kind: fc.constantFrom("performance" as const, "efficiency" as const, undefined),
  });
  const node = fc.record({ node: fc.nat(3), memoryBytes: fc.integer({ min: 2 ** 26, max: 2 ** 40 }) });
  fc.assert(
    fc.property(
      fc.array(cpu, { minLength: 1, maxLength: 24 }),
      fc.array(fc.nat(23)),
      fc.option(fc.double({ min: 0.01, max: 32, noNaN: true })),
      fc.constantFrom("none" as const, "physical" as const, "cores" as const, "node" as const),
      fc.option(fc.uniqueArray(node, { selector: (n) => n.node, maxLength: 4 }), { nil: undefined }),
      fc.integer({ min: 2 ** 26, max: 2 ** 40 }),
      (list, allowed, quotaCpus, pin, nodes, memoryBytes) => {
        const logical = list.map(({ kind, ...c }, i): LogicalCpu => ({ cpu: i, ...c, ...(kind ? { kind } : {}) }));
        if (!logical.some((c) => c.online)) return;
        const facts = { ...host(logical, { allowed, quotaCpus }), memoryBytes, ...(nodes ? { nodes } : {}) };
        const usable = logical.filter((c) => c.online && allowed.includes(c.cpu));
        if (usable.length === 0) {
          expect(() => threadPlan(facts, { pin })).toThrow("none of them is online");
          return;
        }
        const plan = threadPlan(facts, { pin });
        for (const threads of [plan.omp ?? 0, plan.intraOp ?? 0]) {
          expect(threads).toBeGreaterThanOrEqual(1);
          expect(threads).toBeLessThanOrEqual(plan.physicalCores);
          if (quotaCpus !== null) expect(threads).toBeLessThanOrEqual(Math.max(1, quotaCpus));
        }
        expect(plan.physicalCores).toBeLessThanOrEqual(usable.length);
        const pinned = parseCpuList(plan.cpuSet ?? "");
        expect(pinned.every((c) => usable.some((u) => u.cpu === c))).toBe(true);
        expect(pinned.length > 0).toBe(pin !== "none");

        // Memory: that of the nodes of its CPUs, which have some, and no more of it than there is.
        const near = new Set(logical.filter((c) => pinned.includes(c.cpu)).map((c) => c.node));
        for (const bound of parseCpuList(plan.memorySet ?? "")) {
          expect(near).toContain(bound);
          if (nodes !== undefined) expect(nodes.map((n) => n.node)).toContain(bound);
        }
        if (pin === "node") expect(near.size).toBe(1);
        const limit = memoryShareMiB(memoryFor(facts, plan)) * 2 ** 20;
        expect(limit).toBeGreaterThan(0);
        expect(limit).toBeLessThanOrEqual(memoryBytes);
        const bound = (nodes ?? []).filter((n) => parseCpuList(plan.memorySet ?? "").includes(n.node));
        if (bound.length > 0 && bound.length < (nodes ?? []).length) {
          expect(limit).toBeLessThanOrEqual(bound.reduce((sum, n) => sum + n.memoryBytes, 0));
        }
        // As few nodes as will do: one, where one of them has room for all the threads.
        const room = Map.groupBy(
          usable.filter((c) => c.kind !== "efficiency"),
          (c) => c.node,
        );
        const threads = Math.min(plan.physicalCores, plan.omp ?? 0);
        const told = usable.every((c) => c.core === null);
        if (pin === "physical" && told && [...room.values()].some((cpus) => cpus.length >= threads)) {
          expect(near.size).toBe(1);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("settings are read with what holds otherwise, and what is wrong is said in words", () => {
  expect(SessionSettings.parse({})).toEqual({ pin: "none" });
  const { error } = SessionSettings.safeParse({ omp: 0, pin: "all" });
  expect(error?.issues.map((issue) => issue.message)).toEqual([
    "a whole number, 1 to 1024",
    "none, physical, cores or node",
  ]);
});

test("a running server's settings are the variables that set threads, and no others", () => {
  const env = { TENSORFLOW_INTRA_OP_PARALLELISM: "4", PATH: "/bin", MODEL_NAME: "null", OMP_NUM_THREADS: "4" };
  expect(variablesShown({ env })).toEqual({ OMP_NUM_THREADS: "4", TENSORFLOW_INTRA_OP_PARALLELISM: "4" });
});

test("processes share the cores: each has its part of the threads, at least one, and pinning takes as many cores as all have", () => {
  const facts = host(cpus(8, (c) => c % 4));
  expect(sessionFor(facts, auto, 2)).toMatchObject({
    settings: { omp: 2, intraOp: 2, interOp: 2 },
    placement: { physicalCores: 4, reason: expect.stringContaining("2 processes share them: 2 each.") as string },
  });
  expect(sessionFor(facts, auto, 3).settings.omp).toBe(1);
  expect(sessionFor(facts, auto, 64).settings.omp).toBe(1);
  expect(sessionFor(facts, { pin: "physical", omp: 1, intraOp: 1 }, 3).placement.cpuSet).toBe("0-2");
  expect(sessionFor(facts, { pin: "physical" }, 64).placement.cpuSet).toBe("0-3");
});
