import { describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { made } from "./testing/made.ts";
import type { Load } from "./load.ts";
import { LOAD_MODES, isPlainLoad, loadTitle, modeOf } from "./registry.ts";
import { rampTimes } from "./ramp.ts";
import { timesIn, trace } from "./trace.ts";

const poisson = (ratePerSecond: number, concurrency = 8): Load => ({ mode: "poisson", ratePerSecond, concurrency });

const EVERY: readonly Load[] = [
  { mode: "closed-loop", concurrency: 2 },
  { mode: "constant-rate", ratePerSecond: 9, concurrency: 2 },
  poisson(9, 2),
  { mode: "ramp", fromPerSecond: 5, toPerSecond: 9, seconds: 2, concurrency: 2 },
  { mode: "trace", file: "t.txt", concurrency: 2 },
  { mode: "loadgen-single-stream" },
  { mode: "loadgen-multi-stream", samplesPerQuery: 2 },
  { mode: "loadgen-server", targetQps: 9, targetLatencyMs: 5, concurrency: 2 },
  { mode: "loadgen-offline", samples: 9, concurrency: 2 },
];

describe("Poisson arrivals", () => {
  const due = async (plan: Parameters<typeof made>[1]) =>
    (await made(poisson(50), plan, () => 1)).calls.map((c) => c.intendedAt ?? NaN);

  it("are drawn from the seed before the first call: the same again, and others for another seed", async () => {
    const plan = { calls: 200, leadIn: 20, blockMs: 1e6 };
    const [a, again, b] = [
      await due({ ...plan, seed: 7 }),
      await due({ ...plan, seed: 7 }),
      await due({ ...plan, seed: 8 }),
    ];
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
  });

  it("come at the rate, with gaps that vary as much as they last", async () => {
    const times = await due({ calls: 4000, leadIn: 0, blockMs: 1e9, seed: 3 });
    const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(mean / 20).toBeCloseTo(1, 1);
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  });

  it("do not wait for answers, and none is due once the measured part is over", async () => {
    const { calls } = await made(poisson(50), { calls: 1000, leadIn: 10, blockMs: 2000, seed: 1 }, () => 1);
    const measured = calls.filter((c) => !c.leadIn);
    expect(calls.length - measured.length).toBe(10);
    expect(measured.length).toBeGreaterThan(60);
    expect(measured.length).toBeLessThan(140);
    const slow = await made(poisson(50, 1), { calls: 50, leadIn: 0, blockMs: 1e6, seed: 1 }, () => 100);
    expect(slow.calls.map((c) => c.intendedAt)).toEqual(await due({ calls: 50, leadIn: 0, blockMs: 1e6, seed: 1 }));
  });
});

describe("a ramp", () => {
  const ramp = { mode: "ramp" as const, fromPerSecond: 2, toPerSecond: 18, seconds: 10, concurrency: 4 };

  it("comes at its first rate in the beginning and at its last one in the end, and whole whatever a visit's limits are", async () => {
    const { calls } = await made(ramp, { calls: 3, blockMs: 1 }, () => 1);
    const times = calls.map((c) => c.intendedAt ?? NaN);
    expect(times).toHaveLength(100);
    expect(modeOf(ramp).wholeVisit?.(ramp)).toEqual({ calls: 100, ms: 10_000 });
    const within = (from: number, to: number) => times.filter((at) => at >= from && at < to).length;
    // The integral of the rate: 2 t + 0.8 t².
    expect([within(0, 1000), within(4500, 5500), within(9000, 10_000)]).toEqual([3, 10, 17]);
    expect(Math.max(...times)).toBeLessThan(10_000);
  });

  it("may go down, or nowhere", () => {
    const gaps = (load: typeof ramp) => {
      const times = rampTimes(load);
      return [...times.subarray(1)].map((at, i) => at - (times[i] as number));
    };
    const down = gaps({ ...ramp, fromPerSecond: 18, toPerSecond: 2 });
    expect(down.every((gap, i) => i === 0 || gap >= (down[i - 1] as number) - 1e-9)).toBe(true);
    for (const gap of gaps({ ...ramp, toPerSecond: 2 })) expect(gap).toBeCloseTo(500, 6);
  });
});

describe("a trace", () => {
  const load: Load = { mode: "trace", file: "rush hour.txt", concurrency: 2 };
  const faultsOf = (text: string) => {
    try {
      timesIn(text, "rush.txt");
    } catch (error) {
      if (error instanceof UserError) return error.faults.map((f) => f.what);
      throw error;
    }
    return [];
  };

  it("is replayed as its file has it, from its first time on", async () => {
    const read = trace.readFile?.(
      trace.schema.parse(load),
      "# rush hour\n5.0\n5.25 # two at once\n5.25\n\n7\n",
      "rush.txt",
    );
    expect(read?.times).toEqual([0, 250, 250, 2000]);
    expect(read?.load).toMatchObject({ calls: 4, ms: 2000, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const { calls } = await made(read?.load as Load, { times: read?.times }, () => 400);
    expect(calls.map((c) => [c.intendedAt, c.startAt])).toEqual([
      ...[
        [0, 0],
        [250, 250],
        [250, 400],
        [2000, 2000],
      ],
    ]);
    expect(loadTitle(load)).toBe("x2 trace rush-hour");
  });

  it("says where its file is wrong, each line, and refuses one without a time, or too long", () => {
    expect(faultsOf("0\n1\nx\n0.5\n-1\n2")).toEqual([...['rush.txt:3: "x"', 'rush.txt:4: "0.5"', 'rush.txt:5: "-1"']]);
    expect(faultsOf("# nothing\n")).toEqual(["rush.txt: it has no times"]);
    expect(faultsOf("0\n7200\n")).toEqual([expect.stringContaining("7200 seconds")]);
    expect(faultsOf("Infinity\n1e999\n0x10\n")).toHaveLength(3);
    expect(faultsOf(Array.from({ length: 100_001 }, (_, i) => String(i / 1000)).join("\n"))).toEqual([
      expect.stringContaining("100001 times"),
    ]);
  });
});

describe("LoadGen's scenarios", () => {
  it("single stream: one query after the other", async () => {
    const { calls, most } = await made({ mode: "loadgen-single-stream" }, { calls: 3 }, () => 20);
    expect([most, calls.map((c) => c.startAt)]).toEqual([1, [0, 20, 40]]);
  });

  it("multi stream: a query's samples at once, the next query when the slowest has its answer", async () => {
    const load = { mode: "loadgen-multi-stream", samplesPerQuery: 3 };
    const { calls, most } = await made(load, { calls: 8 }, (i) => (i === 1 ? 50 : 20));
    expect(most).toBe(3);
    expect(calls.map((c) => [c.query, c.intendedAt])).toEqual([
      ...[
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 50],
        [1, 50],
        [1, 50],
      ],
    ]);
    const failed = await made(load, { calls: 9 }, (i) => (i === 4 ? null : 20));
    expect(failed.calls).toHaveLength(6);
  });

  it("server: random calls at its rate, as a Poisson load has them", async () => {
    const plan = { calls: 30, leadIn: 5, blockMs: 1e6, seed: 9 };
    const server = await made(
      { mode: "loadgen-server", targetQps: 20, targetLatencyMs: 100, concurrency: 8 },
      plan,
      () => 5,
    );
    const same = await made(poisson(20), plan, () => 5);
    expect(server.calls.map((c) => c.intendedAt)).toEqual(same.calls.map((c) => c.intendedAt));
  });

  it("offline: all samples are due at once", async () => {
    const load = { mode: "loadgen-offline", samples: 7, concurrency: 3 };
    const { calls, most } = await made(load, { calls: 1, blockMs: 1 }, () => 20);
    expect(most).toBe(3);
    expect(calls.map((c) => [c.intendedAt, c.startAt])).toEqual([0, 0, 0, 20, 20, 20, 40].map((at) => [0, at]));
  });

  it("are called LoadGen-style", () => {
    const scenarios = EVERY.filter((load) => modeOf(load).loadGen !== undefined);
    expect(scenarios).toHaveLength(4);
    for (const load of scenarios) expect(loadTitle(load)).toContain("LoadGen-style");
  });
});

describe("every load mode", () => {
  it("is one of these, has a title of its own, and is no call after the other but for the paper's", () => {
    expect(new Set(EVERY.map((l) => l.mode))).toEqual(new Set(LOAD_MODES.map((m) => m.mode as string)));
    expect(new Set(EVERY.map((l) => loadTitle(l))).size).toBe(EVERY.length);
    expect(EVERY.filter((l) => isPlainLoad(l))).toEqual([]);
    for (const load of EVERY) expect(modeOf(load).schema.parse(load)).toEqual(load);
  });

  it("begins no call after one has failed, and says of each call since when it could begin", async () => {
    const times = [0, 100, 200, 300];
    for (const load of EVERY) {
      const { calls } = await made(load, { calls: 8, leadIn: 0, blockMs: 1e6, times }, (i) => (i === 2 ? null : 300));
      expect(calls.filter((c) => !c.result.ok).length, load.mode).toBe(1);
      expect(calls.length, load.mode).toBeLessThanOrEqual(4);
      for (const { readyAt = NaN, startAt, intendedAt } of calls) {
        expect(readyAt).toBeLessThanOrEqual(startAt);
        expect(readyAt).toBeGreaterThanOrEqual(intendedAt ?? 0);
      }
    }
  });

  it("keeps what waits for a connection apart from what waits for the client", async () => {
    // One connection: the second call is due at 100 and can begin at 350 only.
    const { calls } = await made({ mode: "constant-rate", ratePerSecond: 10, concurrency: 1 }, { calls: 3 }, () => 350);
    expect(calls.map((c) => [c.intendedAt, c.readyAt, c.startAt])).toEqual([
      ...[
        [0, 0, 0],
        [100, 350, 350],
        [200, 700, 700],
      ],
    ]);
  });
});
