import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { disturbances } from "../../stats/disturbance.ts";
import { type Pause, type ProcessSigns, pausesWithin, processWatch } from "./watch.ts";

const about = { callMs: 20, overlap: false, beside: false };

/** A process whose every sign is made up: timers so late, pauses so long, so much of the time without a processor. */
function process(of: {
  readonly lateMs?: readonly number[];
  readonly pauses?: readonly Pause[];
  readonly waitMs?: number;
  readonly busy?: number;
  readonly spunMs?: number;
}) {
  const apart = (of.lateMs ?? []).map((ms) => (10 + ms) * 1e6).sort((a, b) => a - b);
  let [nowMs, waitedMs, usedMs, stolenMs] = [1000, 500, 3000, 40];
  const signs: ProcessSigns = {
    now: () => nowMs,
    delay: {
      ...{ enable: () => true, disable: () => true, reset: () => {} },
      count: apart.length,
      mean: apart.reduce((sum, ns) => sum + ns, 0) / apart.length,
      max: apart.at(-1) ?? 0,
      percentile: (p) => apart[Math.ceil((p / 100) * apart.length) - 1] ?? 0,
    },
    pauses: (take) => () => Promise.resolve(of.pauses?.forEach(take)),
    busy: () => () => of.busy ?? 0.3,
    cpuMs: () => usedMs,
    stealMs: () => (of.waitMs === undefined ? undefined : stolenMs),
    cpuWaitMs: () => (of.waitMs === undefined ? undefined : waitedMs),
  };
  /** What the watch says after 200 ms of this. */
  const watched = () => {
    const watch = processWatch(signs);
    watch.start();
    nowMs += 200;
    waitedMs += of.waitMs ?? 0;
    usedMs += 120;
    stolenMs += 30;
    return watch.stop(7, of.spunMs ?? 0);
  };
  return watched();
}

describe("a watch over a process", () => {
  it("sees nothing where nothing is to be seen", async () => {
    const seen = await process({ lateMs: [0.1, 0.2, 0.05, 0.1], pauses: [{ startAt: 1100, ms: 1 }], waitMs: 2 });
    expect(seen).toMatchObject({ spanMs: 200, loopBusy: 0.3, ownWorkMs: 7, gcPauses: 1, cpuWaitMs: 2 });
    expect(seen.loopMeanMs).toBeCloseTo(0.1125, 6);
    expect(seen.loopMaxMs).toBeCloseTo(0.2, 6);
    expect(disturbances(seen, about)).toEqual([]);
  });

  it("tells how late the loop is: beyond the time of a timer, and beyond what a call works itself", async () => {
    const seen = await process({ lateMs: [0, 0, 0, 25] });
    expect([seen.loopP99Ms, seen.loopMaxMs]).toEqual([25, 25]);
    expect(disturbances(seen, about)).toEqual(["the event loop was 18 ms late, a call takes 20.0 ms"]);
  });

  it("has no lag where no timer came, and no wait where the kernel does not tell", async () => {
    const seen = await process({});
    expect(seen).toMatchObject({ loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0 });
    expect(seen).not.toHaveProperty("cpuWaitMs");
  });

  it("counts the collector's pauses of its own time alone", async () => {
    const pauses = [500, 1000, 1100, 1300].map((startAt) => ({ startAt, ms: 15 }));
    const seen = await process({ pauses });
    expect(seen).toMatchObject({ gcPauses: 2, gcMs: 30, gcMaxMs: 15 });
    expect(disturbances(seen, about)).toEqual(["garbage collection took 15 % of the time"]);
    expect(pausesWithin([], 2, 6)).toEqual({ gcPauses: 0, gcMs: 0, gcMaxMs: 0 });
  });

  it("counts what the loop turned without work as no work: an open loop's calls do not wait for each other then", async () => {
    const overlap = { ...about, overlap: true };
    const turning = await process({ busy: 1, spunMs: 150 });
    expect(turning.loopBusy).toBeCloseTo(0.25, 6);
    expect(disturbances(turning, overlap)).toEqual([]);
    const working = await process({ busy: 1, spunMs: 20 });
    expect(working.loopBusy).toBeCloseTo(0.9, 6);
    expect(disturbances(working, overlap)).toEqual([
      "the client was busy for 90 % of the time: calls waited for each other in it",
    ]);
    expect((await process({ busy: 0.5, spunMs: 300 })).loopBusy).toBe(0);
  });

  it("tells what the client waited for a processor", async () => {
    const seen = await process({ waitMs: 80 });
    expect(disturbances(seen, about)).toEqual(["the client waited for a processor for 40 % of the time"]);
  });
});

// Of the real process only lower bounds are asked for: what else the machine does can but add to them.
describe("a watch over this very process", () => {
  it("sees a loop that something blocks", async () => {
    const watch = processWatch();
    watch.start();
    await sleep(40); // a timer must have come before the loop is blocked
    const until = performance.now() + 60;
    while (performance.now() < until);
    await sleep(20);
    const seen = await watch.stop(0, 0);
    expect(seen.spanMs).toBeGreaterThan(115);
    expect(seen.loopMaxMs).toBeGreaterThan(40);
    expect(seen.loopBusy * seen.spanMs).toBeGreaterThan(50);
  });

  it("sees a collector that is at work", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const watch = processWatch();
    watch.start();
    for (let i = 0; i < 3; i++) collect();
    const seen = await watch.stop(0, 0);
    expect(seen.gcPauses).toBeGreaterThanOrEqual(3);
    expect(seen.gcMs).toBeGreaterThanOrEqual(seen.gcMaxMs);
    expect(seen.gcMaxMs).toBeGreaterThan(0);
  });

  it("can be started again, and has forgotten what was before", async () => {
    const watch = processWatch();
    watch.start();
    await watch.stop(0, 0);
    watch.start();
    expect((await watch.stop(1, 0)).ownWorkMs).toBe(1);
  });
});
