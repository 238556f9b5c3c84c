import { describe, expect, it } from "vitest";
import type { CallResult } from "../../../clients/client.ts";
import { random } from "../../stats/math/random.ts";
import { type Clock, type LoopCall, type LoopPlan, measuredCalls, realClock } from "./calls.ts";

/** A clock of its own: it jumps to the next thing that waits, once nothing else can go on. */
function fakeClock() {
  let nowMs = 0;
  const waiting: { at: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => nowMs,
    until: (at) => (at <= nowMs ? Promise.resolve() : new Promise((wake) => waiting.push({ at, wake }))),
  };
  async function run(body: Promise<void>): Promise<void> {
    let over = false;
    void body.then(() => (over = true));
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (over) return;
      waiting.sort((a, b) => a.at - b.at);
      const next = waiting.shift();
      if (next === undefined) throw new Error("nothing waits, and the loop is not over");
      nowMs = next.at;
      next.wake();
    }
  }
  return { clock, run };
}

const good = (totalMs: number): CallResult => ({
  ok: true,
  timing: { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null, totalMs },
  outputs: {},
  requestBytes: 1,
  responseBytes: 1,
});

/** Runs a loop whose calls take these times; a null fails at once. */
async function loop(plan: Partial<LoopPlan>, tookMs: (index: number) => number | null) {
  const { clock, run } = fakeClock();
  const calls: LoopCall[] = [];
  let index = 0;
  let inFlight = 0;
  let most = 0;
  const call = async (): Promise<CallResult> => {
    const ms = tookMs(index++);
    most = Math.max(most, ++inFlight);
    if (ms !== null) await clock.until(clock.now() + ms);
    inFlight -= 1;
    return ms === null ? { ok: false, error: { code: "X", message: "x" }, totalMs: 0 } : good(ms);
  };
  const whole = { calls: 10, blockMs: 1000, concurrency: 1, ratePerSecond: null, ...plan };
  await run(measuredCalls(whole, call, (c) => calls.push(c), clock));
  return { calls, most };
}

describe("a closed loop", () => {
  it("begins a call when the one before it has ended, and stops at its number", async () => {
    const { calls, most } = await loop({ calls: 3 }, () => 20);
    expect(calls.map((c) => c.startAt)).toEqual([0, 20, 40]);
    expect(most).toBe(1);
  });

  it("begins no call once its time is up, but one in any case", async () => {
    expect((await loop({ blockMs: 50 }, () => 20)).calls).toHaveLength(3);
    expect((await loop({ blockMs: 50 }, () => 5000)).calls).toHaveLength(1);
  });

  it("has as many calls in flight as were asked for", async () => {
    const { calls, most } = await loop({ calls: 9, concurrency: 3 }, () => 20);
    expect(most).toBe(3);
    expect(calls.map((c) => c.startAt)).toEqual([0, 0, 0, 20, 20, 20, 40, 40, 40]);
  });

  it("begins no call after one has failed", async () => {
    expect((await loop({}, (i) => (i === 1 ? null : 20))).calls.map((c) => c.result.ok)).toEqual([true, false]);
  });
});

describe("an open loop", () => {
  const latency = (c: LoopCall) => c.startAt - (c.intendedAt ?? NaN) + (c.result.ok ? c.result.timing.totalMs : NaN);

  it("begins calls when they are due, however fast the answers come", async () => {
    const { calls } = await loop({ calls: 4, ratePerSecond: 10 }, () => 20);
    expect(calls.map((c) => c.startAt)).toEqual([0, 100, 200, 300]);
    expect(calls.map(latency)).toEqual([20, 20, 20, 20]);
  });

  it("lets one slow answer show in every call that it delayed (no coordinated omission)", async () => {
    // Due at 0, 100, 200, ...; the second takes 350 ms. A closed loop would call the ones after it 20 ms long.
    const { calls } = await loop({ calls: 6, ratePerSecond: 10 }, (i) => (i === 1 ? 350 : 20));
    expect(calls.map((c) => c.intendedAt)).toEqual([0, 100, 200, 300, 400, 500]);
    expect(calls.map(latency)).toEqual([20, 350, 270, 190, 110, 30]);
  });

  it("goes on over other connections while one waits, up to their number", async () => {
    const { calls, most } = await loop({ calls: 6, ratePerSecond: 10, concurrency: 2 }, (i) => (i === 1 ? 350 : 20));
    expect(most).toBe(2);
    expect(calls.filter((c) => c.startAt > (c.intendedAt ?? NaN))).toEqual([]);
  });

  it("leads in at its rate, apart from what is measured, which has its own number and time", async () => {
    const { calls } = await loop({ ratePerSecond: 10, leadIn: 3, calls: 2 }, () => 20);
    expect(calls.map((c) => [c.intendedAt, c.leadIn])).toEqual([
      [0, true],
      [100, true],
      [200, true],
      [300, false],
      [400, false],
    ]);
    const short = await loop({ ratePerSecond: 10, leadIn: 20, blockMs: 250 }, () => 1);
    expect(short.calls.filter((c) => !c.leadIn)).toHaveLength(3);
  });

  it("measures a loaded server's queue nearer to what it comes to when it has led in", async () => {
    // Due every 100 ms; answers take 90 ms on average, exponentially: the queue needs a while to build up.
    const meanOf = async (leadIn: number) => {
      const stream = random(8);
      let sum = 0;
      for (let visit = 0; visit < 150; visit++) {
        const plan = { ratePerSecond: 10, leadIn, calls: 10 };
        const { calls } = await loop(plan, () => -90 * Math.log(1 - stream.uniform()));
        sum += calls.filter((c) => !c.leadIn).reduce((all, c) => all + latency(c) / 10, 0) / 150;
      }
      return sum;
    };
    const [empty, ledIn, long] = [await meanOf(0), await meanOf(30), await meanOf(200)];
    expect(empty).toBeLessThan(0.6 * long);
    expect(long - ledIn).toBeLessThan(0.6 * (long - empty));
  });

  it("has no call that is due after its time", async () => {
    expect((await loop({ ratePerSecond: 10, blockMs: 250 }, () => 1)).calls).toHaveLength(3);
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
