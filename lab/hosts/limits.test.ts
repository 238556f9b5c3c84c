import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMachineCpus, planLimits } from "./limits.ts";

const machine = (count: number, threads = 1) =>
  Array.from({ length: count }, (_, cpu) => ({ cpu, core: cpu % (count / threads) }));

describe("sharing CPUs out to the roles", () => {
  test("two CPUs: one for the client, both for the cloud, seven tenths of one for the edge", () => {
    expect(planLimits(machine(2))).toEqual({
      client: { cpus: [0], quotaCpus: null },
      cloud: { cpus: [0, 1], quotaCpus: null },
      edge: { cpus: [1], quotaCpus: 0.7 },
    });
  });

  test("sixteen CPUs and more: the paper's 4, 8 and 4", () => {
    for (const count of [16, 64]) {
      const plan = planLimits(machine(count));
      expect([plan.client, plan.cloud, plan.edge].map((l) => l.cpus.length)).toEqual([4, 8, 4]);
      expect(plan.edge.quotaCpus).toBe(2.8);
    }
  });

  test("hyper-threads of one core go to one host", () => {
    const plan = planLimits(machine(8, 2));
    expect(plan.client.cpus).toEqual([0, 4]);
    expect(plan.cloud.cpus).toEqual([1, 2, 5, 6]);
    expect(plan.edge.cpus).toEqual([3, 7]);
  });

  test("on any machine no two roles are alike, and with four CPUs none is in two of them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 0, max: 100 }), (count, first) => {
        const cpus = Array.from({ length: count }, (_, i) => ({ cpu: first + i, core: i }));
        const plan = planLimits(cpus);
        const all = [plan.client, plan.cloud, plan.edge].flatMap((l) => l.cpus);
        expect(all.every((cpu) => cpu >= first && cpu < first + count)).toBe(true);
        if (count >= 4) expect(new Set(all).size).toBe(all.length);
        expect(plan.cloud.cpus.length).toBeGreaterThanOrEqual(plan.client.cpus.length);
        expect(plan.edge.quotaCpus).toBeLessThan(plan.edge.cpus.length);
        expect(plan.edge.quotaCpus).toBeGreaterThan(0);
      }),
    );
  });
});

test("a machine's CPUs are those that this process may use, whatever lscpu leaves out", () => {
  const lscpu = "# CPU,Core\n0,0\n1,0\n2,1\n3,\n";
  expect(parseMachineCpus(lscpu, [1, 2, 3, 9])).toEqual([
    { cpu: 1, core: 0 },
    { cpu: 2, core: 1 },
    { cpu: 3, core: 3 },
    { cpu: 9, core: 9 },
  ]);
});
