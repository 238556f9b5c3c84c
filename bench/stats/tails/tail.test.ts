import { describe, expect, it } from "vitest";
import { mean, quantile } from "../math/quantile.ts";
import { random } from "../math/random.ts";
import { batchesOf, courseOf, foundUnderWay } from "./batches.ts";
import { type TailCall, tailOf } from "./tail.ts";
import { type Queue, queueAt, visitsTo } from "./testing/queues.ts";
import { exponential, fixed, lognormal } from "./testing/services.ts";
import { type Truth, dm1, md1, meanOfMg1, mm1, mmk, simulated } from "./testing/theory.ts";

const stream = random(5);
/** Calls that are due every 10 ms. */
const calls = (latencies: readonly number[]): TailCall[] =>
  latencies.map((latencyMs, i) => ({ dueMs: 10 * i, latencyMs }));
/** Calls that never wait. */
const independent = (n: number) => calls(Array.from({ length: n }, () => 8 * stream.uniform()));

describe("how many calls were under way", () => {
  it("is told from when calls were due and ended, for one server and for several", () => {
    expect([...foundUnderWay(calls([5, 25, 20, 15, 5]))]).toEqual([0, 0, 1, 2, 1]);
    expect([...foundUnderWay(calls([100, 5, 5, 5]))]).toEqual([0, 1, 1, 1]);
    expect([...foundUnderWay([])]).toEqual([]);
  });

  it("decides where batches are cut: between busy times if the server was idle near by", () => {
    // Busy from the 8th call on: the middle of 20 calls lies inside, and the 14th still finds two under way.
    const busy = Array.from({ length: 20 }, (_, i) => (i >= 7 && i < 13 ? 25 : 2));
    const [first, second] = batchesOf([courseOf(calls(busy))], 2);
    expect([first?.latenciesMs.length, second?.latenciesMs.length]).toEqual([7, 13]);
  });

  it("cuts visits into batches of their share, and never two visits into one", () => {
    const batches = batchesOf([independent(300), independent(100), independent(3)].map(courseOf), 24);
    expect(batches.map((b) => b.visit)).toEqual([...Array<number>(18).fill(0), ...Array<number>(6).fill(1), 2]);
    expect(batches.reduce((sum, b) => sum + b.latenciesMs.length, 0)).toBe(403);
  });
});

describe("a percentile under load", () => {
  it("is that of the calls, with an interval around it, where calls do not depend on each other", () => {
    const own = independent(4000);
    const sorted = Float64Array.from(own, (c) => c.latencyMs).sort();
    for (const q of [0.5, 0.95, 0.99]) {
      const tail = tailOf([own], q);
      expect(tail).toMatchObject({ ok: true, ms: quantile(sorted, q) });
      if (!tail.ok) throw new Error(tail.why);
      expect(tail.interval.low).toBeLessThan(tail.ms);
      expect(tail.interval.high).toBeGreaterThan(tail.ms);
      expect(tail.interval.low).toBeGreaterThan(8 * (q - 0.04));
      expect(tail.interval.high).toBeLessThan(8 * (q + 0.04));
    }
  });

  it("is the same for the same calls, whatever their order", () => {
    const own = visitsTo(queueAt(0.5, exponential(10)), 1, 5000, random(3))[0] ?? [];
    expect(tailOf([own.toReversed()], 0.95)).toEqual(tailOf([own], 0.95));
  });

  it("is refused where calls are few, with the time that it takes at this rate", () => {
    const tail = tailOf([independent(200)], 0.99);
    if (tail.ok) throw new Error("200 calls have no p99");
    expect(tail.why).toMatch(/^200 calls depend on each other and are worth \d+ independent ones; p99 needs 800$/);
    // 100 calls a second; some more than 800, since batches are few.
    expect(tail.needsSeconds).toBeGreaterThan(8);
    expect(tail.needsSeconds).toBeLessThan(30);
    expect(tailOf([], 0.5)).toEqual({ ok: false, why: "no call was measured", needsSeconds: null });
    expect(tailOf([[{ dueMs: 5, latencyMs: 1 }]], 0.5)).toMatchObject({ ok: false, needsSeconds: null });
  });

  it("is refused if all slow calls are of one stall, however many they are", () => {
    const stalled = independent(4000).map((c, i) => (i < 2000 || i > 2099 ? c : { ...c, latencyMs: 10 * (2100 - i) }));
    expect(tailOf([stalled], 0.99)).toMatchObject({ ok: false });
    expect(tailOf([stalled], 0.5)).toMatchObject({ ok: true });
    // The same stalls all over the run.
    const often = independent(40_000).map((c, i) => (i % 400 > 9 ? c : { ...c, latencyMs: 10 * (11 - (i % 400)) }));
    expect(tailOf([often], 0.99)).toMatchObject({ ok: true });
  });

  it("goes by whole visits where they are many, or differ more than their calls explain", () => {
    const visits = (n: number, factor: (visit: number) => number) =>
      Array.from({ length: n }, (_, v) => independent(500).map((c) => ({ ...c, latencyMs: c.latencyMs * factor(v) })));
    const methodOf = (made: readonly (readonly TailCall[])[]) => {
      const tail = tailOf(made, 0.5);
      return tail.ok ? tail.method : tail.why;
    };
    expect(methodOf(visits(24, () => 1))).toBe("24 visits");
    expect(methodOf(visits(5, () => 1))).toMatch(/^[124]0 batches of calls$/);
    expect(methodOf(visits(9, (v) => 1 + 0.02 * v))).toBe("9 visits, which differ");
    expect(methodOf(visits(2, (v) => 1 + v))).toMatch(/are worth \d+ independent ones/);
  });
});

/** Of so many seeded runs of a queue: how many intervals were given, and how many held the truth. */
function tried(queue: Queue, truth: Truth, q: number, { runs, calls }: { runs: number; calls: number }) {
  const seeded = random(11);
  const tails = Array.from({ length: runs }, () => tailOf(visitsTo(queue, 1, calls, seeded), q));
  const given = tails.filter((t) => t.ok);
  const at = truth.quantileMs(q);
  const held = given.filter((t) => t.interval.low <= at && at <= t.interval.high);
  return { given: given.length / runs, held: held.length / given.length, over: mean(given.map((t) => t.ms)) / at };
}

// A small part of `npm run bench:truth -- --part queues`; 150 runs: two Monte-Carlo errors of .95 are .036.
describe("intervals of percentiles under load", () => {
  const M = exponential(10);
  const cases: [string, Queue, Truth, number][] = [
    ["M/M/1 at .5", queueAt(0.5, M), mm1(queueAt(0.5, M)), 4000],
    ["M/D/1 at .7", queueAt(0.7, fixed(10)), md1(queueAt(0.7, fixed(10))), 6000],
    ["D/M/1 at .7", queueAt(0.7, M, { arrivals: "constant" }), dm1(queueAt(0.7, M, { arrivals: "constant" })), 6000],
    ["M/M/4 at .7", queueAt(0.7, M, { servers: 4 }), mmk(queueAt(0.7, M, { servers: 4 })), 6000],
  ];
  it.each(cases)("hold the truth as often as they say: %s", (_, queue, truth, calls) => {
    const seen = tried(queue, truth, 0.95, { runs: 150, calls });
    expect(seen.given).toBeGreaterThan(0.8);
    expect(seen.held).toBeGreaterThan(0.9);
    expect(seen.held).toBeLessThan(1);
    expect(seen.over).toBeGreaterThan(0.97);
    expect(seen.over).toBeLessThan(1.03);
  });
});

describe("what queues come to, by formula", () => {
  const near = (truth: Truth, by: Truth) => {
    for (const value of [(t: Truth) => t.meanMs, (t: Truth) => t.quantileMs(0.5), (t: Truth) => t.quantileMs(0.95)])
      expect(Math.abs(value(truth) / value(by) - 1)).toBeLessThan(0.04);
  };
  const CALLS = 300_000;

  it("is what simulations show", () => {
    const M = exponential(10);
    for (const [queue, formula] of [
      [queueAt(0.6, M), mm1],
      [queueAt(0.6, fixed(10)), md1],
      [queueAt(0.6, M, { arrivals: "constant" }), dm1],
      [queueAt(0.6, M, { servers: 3 }), mmk],
    ] as const)
      near(formula(queue), simulated(queue, CALLS));
    // One server of M/M/k is M/M/1, and Pollaczek and Khinchine's mean is that of all three.
    near(mmk(queueAt(0.6, M)), mm1(queueAt(0.6, M)));
    expect(meanOfMg1(queueAt(0.6, M))).toBeCloseTo(mm1(queueAt(0.6, M)).meanMs, 9);
    const wide = queueAt(0.4, lognormal(10, 1));
    expect(Math.abs(meanOfMg1(wide) / simulated(wide, CALLS).meanMs - 1)).toBeLessThan(0.04);
  });
});
