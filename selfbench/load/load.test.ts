import { describe, expect, it } from "vitest";
import { coreShare, cpuMsOf } from "./cpu.ts";
import { exitCode, judge } from "./goals.ts";
import { seenOf, spreadOf, stalledP99 } from "./lag.ts";
import { saidOf } from "./own.ts";
import { ghzSaid, ohaSaid, vegetaSaid } from "./peers.ts";
import type { Generator, Said } from "./generator.ts";
import type { Turn } from "./race.ts";
import { quantile } from "../../bench/stats/math/quantile.ts";

/** Arrivals of a generator that makes each call so late. */
const arrivals = (rate: number, count: number, lateMs: (call: number) => number, from = 1e12) =>
  Array.from({ length: count }, (_, i) => from + (i * 1000) / rate + lateMs(i));

describe("lag as a server sees it", () => {
  it("is none for calls on the grid, whenever they begin and however long the way is", () => {
    const seen = seenOf(
      arrivals(1000, 5000, () => 7.25),
      1000,
      1000,
    );
    expect(seen.p50Ms).toBeCloseTo(0, 3);
    expect(seen.p99Ms).toBeCloseTo(0, 3);
    expect([seen.calls, Number(seen.made.toFixed(6))]).toEqual([4000, 1]);
  });

  it("is that of the calls that are late, against those that are not", () => {
    const seen = seenOf(
      arrivals(1000, 10_000, (i) => (i % 10 === 0 ? 0.5 : i % 10 < 6 ? 0.1 : 0)),
      1000,
      0,
    );
    expect(seen.p50Ms).toBeCloseTo(0.1, 3);
    expect(seen.p99Ms).toBeCloseTo(0.5, 3);
  });

  it("is half a period and nearly one for calls that are made five at a time, as timers of a millisecond make them", () => {
    const bursts = arrivals(5000, 20_000, (i) => (4 - (i % 5)) * 0.2);
    const seen = seenOf(bursts, 5000, 0);
    expect(seen.p50Ms).toBeCloseTo(0.4, 2);
    expect(seen.p99Ms).toBeCloseTo(0.8, 2);
  });

  it("does not know a clock that drifts a little, in any order of arrival, nor what comes before the measured time", () => {
    const drifting = arrivals(1000, 20_000, (i) => i * 1e-6 + (i < 1000 ? 50 : 0)).reverse();
    expect(seenOf(drifting, 1000, 1500).p99Ms).toBeLessThan(0.01);
    expect(seenOf(drifting, 1000, 0).p50Ms).toBeLessThan(0.01);
  });

  it("tells of calls that were not made", () => {
    const half = arrivals(1000, 10_000, () => 0).filter((_, i) => i % 2 === 0);
    expect(seenOf(half, 1000, 0).made).toBeCloseTo(0.5, 3);
    expect(seenOf([], 1000, 0).p50Ms).toBeNaN();
  });
});

it("a stall's 99th percentile is what calls that count from when they were due would show", () => {
  for (const [stallMs, runMs, rate] of [
    [1500, 15_000, 100],
    [3000, 30_000, 50],
    [800, 60_000, 200],
  ] as const) {
    const due = Array.from({ length: (runMs * rate) / 1000 }, (_, i) => (i * 1000) / rate);
    const waits = due.map((at) => (at >= 5000 && at < 5000 + stallMs ? 5000 + stallMs - at : 0.1));
    const truth = quantile(Float64Array.from(waits).sort(), 0.99);
    expect(Math.abs(stalledP99(stallMs, runMs) / truth - 1)).toBeLessThan(0.02);
  }
});

describe("what generators print", () => {
  it("ghz: nanoseconds, and statuses of gRPC", () => {
    const latencyDistribution = [10, 25, 50, 75, 90, 95, 99].map((p) => ({ percentage: p, latency: p * 10_000 }));
    const text = JSON.stringify({
      count: 100,
      statusCodeDistribution: { OK: 97, Unavailable: 3 },
      latencyDistribution,
    });
    expect(ghzSaid(text)).toEqual({ calls: 100, failed: 3, p50Ms: 0.5, p99Ms: 0.99 });
    const none = { count: 2, statusCodeDistribution: { Unavailable: 2 }, latencyDistribution: null };
    expect(ghzSaid(JSON.stringify(none))).toEqual({ calls: 2, failed: 2, p50Ms: NaN, p99Ms: NaN });
  });

  it("oha: seconds, HTTP's statuses, and errors, of which those at the end of its time are none", () => {
    const printed = {
      latencyPercentiles: { p10: 0.001, p50: 0.002, p99: 0.25 },
      statusCodeDistribution: { "200": 90, "400": 4 },
      errorDistribution: { "aborted due to deadline": 5, "connection closed": 1 },
    };
    expect(ohaSaid(JSON.stringify(printed))).toEqual({ calls: 95, failed: 5, p50Ms: 2, p99Ms: 250 });
    const none = { latencyPercentiles: { p50: null, p99: null }, statusCodeDistribution: {}, errorDistribution: {} };
    expect(ohaSaid(JSON.stringify(none))).toEqual({ calls: 0, failed: 0, p50Ms: NaN, p99Ms: NaN });
  });

  it("vegeta: nanoseconds, and HTTP's statuses, 0 for none", () => {
    const latencies = { "50th": 250_000, "90th": 300_000, "95th": 400_000, "99th": 1_500_000, max: 9e6 };
    const text = JSON.stringify({ requests: 50, status_codes: { "0": 1, "200": 49 }, latencies });
    expect(vegetaSaid(text)).toEqual({ calls: 50, failed: 1, p50Ms: 0.25, p99Ms: 1.5 });
  });

  it("what is none of that is refused", () => {
    for (const read of [ghzSaid, ohaSaid, vegetaSaid])
      for (const text of ["", "{}", "[]", '{"count":"a"}']) expect(() => read(text)).toThrow();
  });

  it("ours: measured calls alone, late or not, and failures of all", () => {
    const call = (phase: "warmup" | "measure", totalMs: number, lateMs: number, ok = true) => ({
      ...{ phase, totalMs, lateMs, ok },
    });
    const said = saidOf([call("warmup", 90, 80, false), call("measure", 1, 0.25), call("measure", 3, 0.75)]);
    expect(said).toMatchObject({ calls: 2, failed: 1, p50Ms: 2, logged: { p50Ms: 0.5 } });
  });
});

describe("a process's CPU time", () => {
  const stat = (name: string, user: number, system: number) =>
    `4711 (${name}) S 1 4711 4711 0 -1 4194560 100 0 0 0 ${user} ${system} 7 8 20 0 11 0 12345 1000 10\n`;

  it("is that of user and system, whatever the process's name is", () => {
    for (const name of ["node", "a b", ") S 1 (", "((", "x) R 9 9 9"]) expect(cpuMsOf(stat(name, 150, 30))).toBe(1800);
    for (const text of ["", "4711 (node)", "nothing"]) expect(cpuMsOf(text)).toBeUndefined();
  });

  it("as a share of a core is that between the samples of the measured time", () => {
    const samples = [0, 100, 200, 300, 400].map((at, i) => ({ at, cpuMs: [0, 90, 130, 170, 400][i] as number }));
    expect(coreShare(samples, 50, 350)).toBeCloseTo(0.4);
    expect(coreShare(samples, 500, 600)).toBeNaN();
  });
});

describe("goals", () => {
  const generator = (name: string, ours: boolean): Generator => ({
    ...{ name, ours, protocol: "rest" },
    start: () => {
      throw new Error("not started here");
    },
  });
  const turn = (seenMs: number, loggedMs: number, core: number): Turn => {
    const said: Said = { calls: 1, failed: 0, p50Ms: 1, p99Ms: 1, logged: spreadOf([loggedMs]) };
    return { said, seen: { ...spreadOf([seenMs]), calls: 1, made: 1 }, core, machineLoad: 1 };
  };
  const QUIET = [{ p50Ms: 0, p99Ms: 0.01 }];
  const verdicts = (own: Turn[], peer: Turn[], floors = QUIET) =>
    judge(
      [generator("ours", true), generator("peer", false)],
      new Map([
        ["ours", own],
        ["peer", peer],
      ]),
      floors,
    );

  it("are met by the median over the rounds, of ratios of the same round", () => {
    const own = [turn(0.01, 0.02, 0.5), turn(5, 9, 0.9), turn(0.02, 0.04, 0.55)];
    const peer = [turn(0.1, NaN, 0.1), turn(20, NaN, 0.1), turn(0.03, NaN, 0.1)];
    const all = verdicts(own, peer);
    expect(all.map(({ title }) => title)).toEqual([
      ...["ours: lag p50, ms", "ours: lag p50, against peer"],
      ...["ours: lag p99, ms", "ours: lag p99, against peer", "ours: share of a core"],
    ]);
    expect(all.every(({ met }) => met)).toBe(true);
    expect(all[1]?.measured.median).toBeCloseTo(0.25);
    expect(all[1]?.measured.max).toBeCloseTo(2 / 3);
  });

  it("are missed by what is too late, too busy, not late enough less than another, or not known", () => {
    const met = (own: Turn) => verdicts([own], [turn(0.3, NaN, 1)]).map((v) => v.met);
    expect(met(turn(0.05, 0.2, 0.5))).toEqual([false, true, true, true, true]);
    expect(met(turn(0.05, 0.01, 0.7))).toEqual([true, true, true, true, false]);
    expect(met(turn(0.2, 0.01, 0.5))).toEqual([true, false, true, false, true]);
    expect(met(turn(NaN, NaN, NaN))).toEqual([false, false, false, false, false]);
  });

  it("are not judged if a bare timer on the same machine was later than they allow, unless they are met", () => {
    const met = (own: Turn, floor: Parameters<typeof judge>[2][number]) =>
      verdicts([own], [turn(0.3, NaN, 1)], [QUIET[0]!, floor, floor]).map((v) => v.met);
    const late = turn(0.4, 0.4, 0.7);
    expect(met(late, { p50Ms: 0.04, p99Ms: 0.05 })).toEqual([false, false, false, false, false]);
    // The other generator's 0.3 ms allow 0.1.
    expect(met(late, { p50Ms: 0.04, p99Ms: 0.2 })).toEqual([false, false, false, null, false]);
    expect(met(late, { p50Ms: 0.2, p99Ms: 0.5 })).toEqual([null, null, null, null, null]);
    expect(met(turn(0.05, 0.01, 0.5), { p50Ms: 0.2, p99Ms: 0.5 })).toEqual([true, true, true, true, true]);
  });

  it("end a check with 1 if one is missed, and with 3 if one could not be judged", () => {
    const verdict = (met: boolean | null) => ({ title: "", measured: { median: 1, min: 1, max: 1 }, most: 1, met });
    const code = (...all: (boolean | null)[]) => exitCode(all.map(verdict));
    expect([code(true), code(true, null), code(null, false), code()]).toEqual([0, 3, 1, 0]);
  });
});
