import { describe, expect, it } from "vitest";
import { capacityOf, simulatedCapacity } from "../../selfbench/truth/capacity/knee.ts";
import { SERVERS, type SimulatedServer, atWork, openLoop } from "../../selfbench/truth/capacity/servers.ts";
import { simulatedSearch, simulatedStep, simulatedSweep } from "../../selfbench/truth/capacity/trial.ts";
import { random } from "../stats/math/random.ts";
import { capacityQuantiles, learn, priorBelief } from "./belief.ts";
import { searchOf } from "./search.ts";
import { sloOf } from "./slo.ts";
import { type Step, clumpSize, clumpsOf, evidenceOf, factsOf } from "./step.ts";

const slo = sloOf("p95 < 200 ms");
if (slo === undefined) throw new Error("no objective");
const options = { slo, precision: 0.05, busyConnections: 4 };
const server = (name: string) => SERVERS.find((s) => s.name.startsWith(name)) as SimulatedServer;

describe("an objective", () => {
  it("is a percentile with its limit", () => {
    expect(sloOf("p99 < 0.2 s")).toEqual({ text: "p99 < 0.2 s", q: 0.99, limitMs: 200 });
    expect(sloOf("median<80ms")?.q).toBe(0.5);
    for (const none of ["p99 < 200", "ratio to last run < 1.05", "p20 < 10 ms", "p99 > 200 ms", ""])
      expect(sloOf(none), none).toBeUndefined();
  });
});

describe("what is believed of a capacity", () => {
  const prior = priorBelief(100, 0.01);
  const middle = (belief: typeof prior) => capacityQuantiles(belief, [0.5])[0] as number;

  it("begins with each rate up to the throughput as likely as another", () => {
    expect(middle(prior) / 60).toBeGreaterThan(0.8);
    expect(middle(prior) / 60).toBeLessThan(1.2);
  });

  it("rises with calls that keep to the limit, falls with calls that miss it, and with overload", () => {
    const at = { ratePerSecond: 50, calls: 1000, overload: false };
    expect(middle(learn(prior, { ...at, missed: 0 }))).toBeGreaterThan(60);
    expect(middle(learn(prior, { ...at, missed: 60 }))).toBeLessThan(50);
    expect(capacityQuantiles(learn(prior, { ...at, missed: 900, overload: true }), [0.95])[0]).toBeLessThan(51);
  });

  it("stays near a rate at which just the share is missed that may be, the nearer the more calls there are", () => {
    const width = (calls: number) => {
      const belief = learn(prior, { ratePerSecond: 50, calls, missed: calls / 100, overload: false });
      const [low, high] = capacityQuantiles(belief, [0.025, 0.975]) as [number, number];
      expect(low).toBeLessThan(50);
      expect(high).toBeGreaterThan(50);
      return high / low;
    };
    expect(width(10_000)).toBeLessThan(width(1000) - 0.1);
  });

  it("takes no more from a visit far beyond the capacity than that it is beyond", () => {
    const far = { ratePerSecond: 90, calls: 1000, overload: false };
    const some = learn(prior, { ...far, missed: 130 });
    const most = learn(prior, { ...far, missed: 450 });
    expect(middle(most)).toBeCloseTo(middle(some), 6);
  });
});

describe("missed calls in clumps", () => {
  it("count as fewer: a queue that was long for ten calls is one event", () => {
    const quick = Array.from({ length: 90 }, () => 20);
    const clumped = [...quick, ...Array.from({ length: 10 }, () => 300)];
    const alone = Array.from({ length: 100 }, (_, i) => (i % 10 === 9 ? 300 : 20 + (i % 3)));
    expect(clumpSize(50, [{ ratePerSecond: 50, clumps: clumpsOf(clumped, 200) }])).toBeGreaterThan(7);
    expect(clumpSize(50, [{ ratePerSecond: 50, clumps: clumpsOf(alone, 200) }])).toBeCloseTo(1);
  });

  it("vary as much as their size says, at servers whose calls queue", () => {
    const [n, runs] = [3000, 60];
    const made = Array.from({ length: runs }, (_, i) =>
      openLoop(atWork(server("M/D/1"), random(2 * i)), random(2 * i + 1), 43, n, 500).map((c) => c.latencyMs),
    );
    const missed = made.map((all) => all.filter((ms) => ms >= 200).length);
    const average = missed.reduce((a, b) => a + b) / runs;
    const variance = missed.reduce((sum, k) => sum + (k - average) ** 2, 0) / (runs - 1);
    const size = clumpSize(
      43,
      made.map((all) => ({ ratePerSecond: 43, clumps: clumpsOf(all, 200) })),
    );
    expect(size / (variance / average)).toBeGreaterThan(0.6);
    expect(size / (variance / average)).toBeLessThan(1.6);
  });
});

describe("a step", () => {
  const step = (ratePerSecond: number, seed = 3, calls = 1500): Step =>
    simulatedStep(
      server("M/D/1"),
      random(seed),
      { ratePerSecond, connections: 1, calls, leadIn: 50, blockMs: Infinity },
      2,
    ).step;

  it("in overload shows throughput, goodput and drift, and no percentile", () => {
    const facts = factsOf(step(75), slo);
    expect(facts).toMatchObject({ overload: true, p50Ms: null, tailMs: null, tail: null });
    expect(facts.throughputPerSecond).toBeCloseTo(50, -1);
    expect(facts.goodputPerSecond ?? Infinity).toBeLessThan(5);
    expect(facts.driftMsPerSecond ?? 0).toBeGreaterThan(200);
  });

  it("below the capacity shows a percentile with its interval, and answers as many calls as are due", () => {
    const facts = factsOf(step(25), slo);
    expect(facts.overload).toBe(false);
    expect(facts.throughputPerSecond ?? 0).toBeCloseTo(25, -1);
    expect(facts.tail?.low ?? NaN).toBeLessThan(facts.tailMs ?? NaN);
  });

  it("that failed says that its rate is too high, even if no call was answered", () => {
    const failed: Step = { ...step(25), calls: [], failure: { code: "RESOURCE_EXHAUSTED", message: "busy" } };
    expect(evidenceOf(failed, factsOf(failed, slo), 1)).toMatchObject({ overload: true });
  });
});

describe("simulated servers", () => {
  it("answer as late as theory says", () => {
    expect(simulatedCapacity(server("M/M/1"), slo, 100_000) / capacityOf(server("M/M/1"), slo)).toBeCloseTo(1, 1);
  });
});

/** Of the server with a quota, by a simulation of a million calls at each rate. */
const QUOTA_CAPACITY = 28.02;

describe("a search", () => {
  it("finds the capacity of servers with a known one, and its intervals hold it", () => {
    for (const name of ["M/M/4", "a quota"]) {
      const truth = name === "a quota" ? QUOTA_CAPACITY : capacityOf(server(name), slo);
      const found = [1, 2, 3, 4].map((seed) => simulatedSearch(server(name), random(seed), options).capacity);
      expect(found.map((c) => c.outcome)).toEqual(Array(4).fill("found"));
      const near = found.filter((c) => Math.abs((c.perSecond ?? 0) / truth - 1) <= 0.05);
      const held = found.filter((c) => (c.interval?.low ?? NaN) <= truth && truth <= (c.interval?.high ?? NaN));
      // Of four searches one may be wrong.
      expect(near.length, name).toBeGreaterThanOrEqual(3);
      expect(held.length, name).toBeGreaterThanOrEqual(3);
    }
  });

  it("takes less than two fifths of the time of a sweep that finds it as precisely", () => {
    const found = [1, 2, 3].map((seed) => simulatedSearch(server("M/G/2"), random(seed), options));
    const seconds = found.reduce((sum, s) => sum + s.seconds, 0) / found.length;
    // A sweep of two and a half times that time.
    const sweep = simulatedSweep(server("M/G/2"), random(6), options, seconds / 4);
    expect(sweep.seconds).toBeGreaterThan(2.3 * seconds);
    expect(searchOf(sweep.steps, options).capacity.precision ?? 0).toBeGreaterThan(options.precision);
  });

  it("ends at once where a call alone misses the limit, and where the first calls fail", () => {
    const slow: SimulatedServer = { name: "slow", workers: 1, service: () => 500 };
    expect(simulatedSearch(slow, random(1), options)).toMatchObject({
      capacity: { outcome: "none", perSecond: null },
      steps: [{}],
    });
    const failed: Step = {
      round: 0,
      ratePerSecond: undefined,
      connections: 1,
      calls: [],
      failure: { code: "UNAVAILABLE", message: "no" },
    };
    expect(searchOf([failed], options).capacity).toMatchObject({ outcome: "failed", why: "UNAVAILABLE: no" });
  });

  it("says that the client is the limit, and takes nothing from such steps; a later session tries again", () => {
    const { steps } = simulatedSearch(server("M/D/1"), random(5), options);
    const late = steps
      .slice(0, 5)
      .map((s) => (s.ratePerSecond === undefined ? s : { ...s, clientFault: "the client used 90 % of a processor" }));
    expect(searchOf(late, options).capacity).toMatchObject({
      outcome: "client",
      perSecond: null,
      why: "3 steps in a row say nothing of the server, the last one because the client used 90 % of a processor",
    });
    expect(searchOf(late, { ...options, sinceRound: late.length }).next?.ratePerSecond).toBeGreaterThan(0);
  });

  it("takes the throughput of many calls at once for what the server can do, not that of a few quick calls by chance", () => {
    const loop = (connections: number, n: number, everyMs: number): Step => ({
      ...{ round: connections, ratePerSecond: undefined, connections },
      calls: Array.from({ length: n }, (_, i) => ({ dueMs: i * everyMs, latencyMs: everyMs })),
    });
    const most = (...steps: Step[]) => searchOf(steps, options).capacity.throughputPerSecond ?? NaN;
    expect(most(loop(1, 30, 14), loop(4, 400, 20))).toBeCloseTo(50, 0);
    // Too few connections to keep it busy: a step at a rate that had more for sure says so.
    const rate = { ...loop(9, 2500, 10), ratePerSecond: 100 };
    expect(most(loop(1, 30, 14), loop(4, 400, 20), rate)).toBeCloseTo(96, 0);
  });

  it("that was cut short has an interval, wider than at its end", () => {
    const { steps, capacity } = simulatedSearch(server("M/D/1"), random(7), options);
    const before = searchOf(steps.slice(0, 5), options);
    expect(before.next).toBeDefined();
    expect(before.capacity.outcome).toBe("open");
    expect(before.capacity.precision ?? 0).toBeGreaterThan(capacity.precision ?? Infinity);
  });
});
