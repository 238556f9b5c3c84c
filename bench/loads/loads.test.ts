import { describe, expect, it } from "vitest";
import { z } from "zod";
import { random } from "../stats/math/random.ts";
import { realClock } from "./clock.ts";
import { callOnConnections } from "./on-connections.ts";
import type { Load, LoadCall, LoadMode } from "./load.ts";
import { LOAD_MODES, PLAIN_LOAD, isPlainLoad, loadKeys, loadTitle, loadsOf, modeOf } from "./registry.ts";
import { made } from "./testing/made.ts";

const closed = (concurrency = 1): Load => ({ mode: "closed-loop", concurrency });
const constant = (ratePerSecond: number, concurrency = 1): Load => ({
  mode: "constant-rate",
  ratePerSecond,
  concurrency,
});

describe("a closed loop", () => {
  it("begins a call when the one before it has ended, and stops at its number", async () => {
    const { calls, most } = await made(closed(), { calls: 3 }, () => 20);
    expect(calls.map((c) => c.startAt)).toEqual([0, 20, 40]);
    expect(most).toBe(1);
  });

  it("begins no call once its time is up, but one in any case", async () => {
    expect((await made(closed(), { blockMs: 50 }, () => 20)).calls).toHaveLength(3);
    expect((await made(closed(), { blockMs: 50 }, () => 5000)).calls).toHaveLength(1);
  });

  it("has as many calls in flight as were asked for", async () => {
    const { calls, most } = await made(closed(3), { calls: 9 }, () => 20);
    expect(most).toBe(3);
    expect(calls.map((c) => c.startAt)).toEqual([0, 0, 0, 20, 20, 20, 40, 40, 40]);
  });

  it("begins no call after one has failed", async () => {
    expect((await made(closed(), {}, (i) => (i === 1 ? null : 20))).calls.map((c) => c.result.ok)).toEqual([
      true,
      false,
    ]);
  });
});

describe("a constant rate", () => {
  const latency = (c: LoadCall) => c.startAt - (c.intendedAt ?? NaN) + (c.result.ok ? c.result.timing.totalMs : NaN);

  it("begins calls when they are due, however fast the answers come", async () => {
    const { calls } = await made(constant(10), { calls: 4 }, () => 20);
    expect(calls.map((c) => c.startAt)).toEqual([0, 100, 200, 300]);
    expect(calls.map(latency)).toEqual([20, 20, 20, 20]);
  });

  it("lets one slow answer show in every call that it delayed (no coordinated omission)", async () => {
    // Due at 0, 100, 200, ...; the second takes 350 ms. A closed loop would call the ones after it 20 ms long.
    const { calls } = await made(constant(10), { calls: 6 }, (i) => (i === 1 ? 350 : 20));
    expect(calls.map((c) => c.intendedAt)).toEqual([0, 100, 200, 300, 400, 500]);
    expect(calls.map(latency)).toEqual([20, 350, 270, 190, 110, 30]);
  });

  it("goes on over other connections while one waits, up to their number", async () => {
    const { calls, most } = await made(constant(10, 2), { calls: 6 }, (i) => (i === 1 ? 350 : 20));
    expect(most).toBe(2);
    expect(calls.filter((c) => c.startAt > (c.intendedAt ?? NaN))).toEqual([]);
  });

  it("leads in at its rate, apart from what is measured, which has its own number and time", async () => {
    const { calls } = await made(constant(10), { leadIn: 3, calls: 2 }, () => 20);
    expect(calls.map((c) => [c.intendedAt, c.leadIn])).toEqual([
      [0, true],
      [100, true],
      [200, true],
      [300, false],
      [400, false],
    ]);
    const short = await made(constant(10), { leadIn: 20, blockMs: 250 }, () => 1);
    expect(short.calls.filter((c) => !c.leadIn)).toHaveLength(3);
  });

  it("measures a loaded server's queue nearer to what it comes to when it has led in", async () => {
    // Due every 100 ms; answers take 90 ms on average, exponentially: the queue needs a while to build up.
    const meanOf = async (leadIn: number) => {
      const stream = random(8);
      let sum = 0;
      for (let visit = 0; visit < 150; visit++) {
        const { calls } = await made(constant(10), { leadIn, calls: 10 }, () => -90 * Math.log(1 - stream.uniform()));
        sum += calls.filter((c) => !c.leadIn).reduce((all, c) => all + latency(c) / 10, 0) / 150;
      }
      return sum;
    };
    const [empty, ledIn, long] = [await meanOf(0), await meanOf(30), await meanOf(200)];
    expect(empty).toBeLessThan(0.6 * long);
    expect(long - ledIn).toBeLessThan(0.6 * (long - empty));
  });

  it("has no call that is due after its time", async () => {
    expect((await made(constant(10), { blockMs: 250 }, () => 1)).calls).toHaveLength(3);
  });
});

describe("a load", () => {
  it("is called by what tells it from the paper's", () => {
    expect([closed(), closed(4), constant(10), constant(10, 4)].map((load) => loadTitle(load))).toEqual([
      ...["one by one", "x4", "10/s", "x4 10/s"],
    ]);
    expect([PLAIN_LOAD, closed(), closed(4), constant(10)].map((load) => isPlainLoad(load))).toEqual([
      ...[true, true, false, false],
    ]);
  });

  it("needs a connection for each call in flight", () => {
    expect([closed(4), constant(10, 3)].map((load) => modeOf(load).connections(load))).toEqual([4, 3]);
  });

  it("takes as long as its rate asks for, or as its connections need where those cannot keep it", () => {
    const expected = (load: Load, calls: number, callMs: number) => modeOf(load).expectedMs(load, calls, callMs);
    expect(expected(closed(4), 100, 20)).toBe(500);
    expect(expected(constant(10), 100, 20)).toBe(10_000);
    expect(expected(constant(100), 100, 75)).toBe(7500);
    expect(expected(constant(100, 8), 100, 75)).toBe(1000);
    expect([expected(closed(4), 100, 0), expected(constant(10), 1, 0)]).toEqual([0, 100]);
  });

  it("leads in three times what a visit measures at a constant rate, and not at all in a closed loop", () => {
    const block = { requests: 10, ms: 1000 };
    expect([closed(4), constant(4), constant(50)].map((load) => modeOf(load).leadIn(load, block))).toEqual([0, 12, 30]);
  });

  it("comes from an experiment's keys; without any it is the paper's", () => {
    expect(loadsOf({ name: "plain", models: ["ssd"] })).toEqual([PLAIN_LOAD]);
    expect(loadsOf({ concurrency: [1, 4], ratePerSecond: undefined })).toEqual([closed(1), closed(4)]);
    expect(loadsOf({ concurrency: [1, 4], ratePerSecond: [10, 20] })).toEqual([
      ...[constant(10), constant(20), constant(10, 4), constant(20, 4)],
    ]);
    expect(loadsOf({ ratePerSecond: [10] })).toEqual([constant(10)]);
    for (const load of loadsOf({ concurrency: [2], ratePerSecond: [10] }))
      expect(modeOf(load).schema.parse(load)).toEqual(load);
    expect(() => modeOf(closed()).schema.parse(closed(0))).toThrow("a whole number, 1 or more");
    expect(() => modeOf(constant(1)).schema.parse(constant(-1))).toThrow("a positive number");
  });

  it("of a mode that there is not is refused by name", () => {
    expect(() => modeOf({ mode: "tides" })).toThrow("no load mode tides");
  });
});

describe("another load mode", () => {
  const size = z.number().int().positive();
  interface Bursts extends Load {
    readonly mode: "bursts";
    readonly size: number;
  }
  /** So many calls at once, every second. */
  const bursts: LoadMode<Bursts> = {
    mode: "bursts",
    schema: z.object({ mode: z.literal("bursts"), size }),
    keys: { burst: size },
    fromExperiment: ({ burst = [] }) => burst.map((n) => ({ mode: "bursts", size: n })),
    title: ({ size }) => `bursts of ${size}`,
    isPlain: () => false,
    connections: ({ size }) => size,
    leadIn: ({ size }) => size,
    expectedMs: ({ size }, calls, callMs) => Math.ceil(calls / size) * Math.max(1000, callMs),
    run({ size }, { calls, leadIn }, tools) {
      const startedAt = tools.clock.now();
      const next = (begun: number) =>
        begun >= leadIn + calls
          ? undefined
          : { intendedAt: startedAt + 1000 * Math.floor(begun / size), leadIn: begun < leadIn };
      return callOnConnections(size, next, tools);
    },
  };
  const modes = [...LOAD_MODES, bursts];

  it("is a file and a line: its key, its loads, its title and its calls come with it", async () => {
    expect(Object.keys(loadKeys(modes))).toEqual(["concurrency", "ratePerSecond", "burst"]);
    expect(loadsOf({ burst: [3] }, modes)).toEqual([{ mode: "bursts", size: 3 }]);
    expect(loadsOf({}, modes)).toEqual([PLAIN_LOAD]);
    const load = { mode: "bursts", size: 3 };
    expect([loadTitle(load, modes), isPlainLoad(load, modes)]).toEqual(["bursts of 3", false]);
    const { calls, most } = await made(load, { leadIn: 3, calls: 6 }, () => 20, modes);
    expect(most).toBe(3);
    expect(calls.map((c) => [c.startAt, c.leadIn])).toEqual([
      ...[0, 0, 0].map((at) => [at, true]),
      ...[1000, 1000, 1000, 2000, 2000, 2000].map((at) => [at, false]),
    ]);
  });
});

describe("the real clock", () => {
  it("is never early", async () => {
    for (const ms of [0, 1, 3.5]) {
      const at = realClock.now() + ms;
      await realClock.until(at);
      expect(realClock.now()).toBeGreaterThanOrEqual(at);
    }
  });
});
