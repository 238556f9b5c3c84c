import { describe, expect, it } from "vitest";
import { constantRate } from "../../../bench/loads/constant-rate.ts";
import type { LoadCall } from "../../../bench/loads/load.ts";
import { modeOf } from "../../../bench/loads/registry.ts";
import { jumpingClock } from "../../../bench/loads/testing/clock.ts";
import { fifo } from "../../../bench/loads/testing/fifo.ts";
import { quantile } from "../../../bench/stats/math/quantile.ts";
import { loaded } from "./loaded.ts";

/** The p99 of a run at a constant rate, on a clock that jumps, against a server that stands still once and else answers in 0.01 ms. */
async function p99OfStall(ratePerSecond: number, connections: number, stallMs: number, runMs: number): Promise<number> {
  const { clock, run } = jumpingClock();
  const done = fifo(1);
  const calls = (ratePerSecond * runMs) / 1000;
  const made: LoadCall[] = [];
  let at = 0;
  const call = async () => {
    const startAt = clock.now();
    await clock.until(done(startAt, at++ === Math.floor(calls / 3) ? stallMs : 0.01));
    const timing = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };
    return {
      ...{ ok: true as const, outputs: {}, requestBytes: 1, responseBytes: 1 },
      timing: { ...timing, totalMs: clock.now() - startAt },
    };
  };
  const load = { mode: "constant-rate" as const, ratePerSecond, concurrency: connections };
  const plan = { calls, leadIn: 0, blockMs: Infinity };
  await run(constantRate.run(load, plan, { call, done: (c) => made.push(c), clock }));
  const latencies = made.map((c) => c.startAt - (c.intendedAt ?? NaN) + (c.result.ok ? c.result.timing.totalMs : NaN));
  return quantile(Float64Array.from(latencies).sort(), 0.99);
}

describe("a stall of T in a run of L at a constant rate", () => {
  it.each([
    [50, 1, 3000, 30_000],
    [50, 200, 3000, 30_000],
    [100, 8, 1000, 10_000],
    [400, 1, 2000, 60_000],
    [20, 64, 500, 20_000],
    [1000, 1000, 700, 5000],
  ])(
    "has a p99 of T - 0.01 L: %d/s over %d connections, T %d ms, L %d ms",
    async (rate, connections, stallMs, runMs) => {
      const p99 = await p99OfStall(rate, connections, stallMs, runMs);
      expect(Math.abs(p99 / (stallMs - 0.01 * runMs) - 1)).toBeLessThan(0.01);
    },
  );
});

describe("a scripted server", () => {
  it.each(["plain-json", "probe"] as const)("works as long at each call as its script says: %s", async (client) => {
    const serviceMs = [3, 12, 1, 1, 8, 2, 5, 5];
    const load = { mode: "poisson", ratePerSecond: 100, concurrency: 16 };
    const plan = { calls: 30, leadIn: 2, blockMs: Infinity, seed: 4 };
    const { calls, served } = await loaded(
      client,
      { serviceMs, servers: 2 },
      { connections: 16, run: (tools) => modeOf(load).run(load, plan, tools) },
    );
    expect([calls.length, calls.filter((c) => c.leadIn).length, served.length]).toEqual([32, 2, 32]);
    const done = fifo(2);
    for (const [i, { arrivedMs, dueMs, endedMs }] of served.entries()) {
      expect(dueMs).toBe(done(arrivedMs, serviceMs[i % 8] as number));
      expect(endedMs).toBeGreaterThanOrEqual(dueMs);
    }
    // However busy this machine is: a client's time holds the server's.
    const worked = served.reduce((sum, s) => sum + s.endedMs - s.arrivedMs, 0);
    expect(calls.reduce((sum, c) => sum + c.latencyMs, 0)).toBeGreaterThan(worked);
  });
});
