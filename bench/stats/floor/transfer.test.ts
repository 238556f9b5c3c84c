import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_H2_WINDOW_BYTES, INITIAL_WINDOW_BYTES, SEGMENT_BYTES, transfer, type Sender } from "./transfer.ts";

const far = { rttMs: 100, mbit: null };
const cold = { congestionBytes: INITIAL_WINDOW_BYTES };
const warm = { congestionBytes: Infinity };
const same = { bytes: DEFAULT_H2_WINDOW_BYTES, then: "same" } as const;
/** A photograph of 640 x 480 pixels as gRPC sends it. */
const BYTES = 921_676;

describe("the least time of a transfer", () => {
  it("is half a round trip and the bytes by the bandwidth where nothing holds the sender back", () => {
    expect(transfer(BYTES, far, warm)).toMatchObject({ ms: 50, rounds: 1 });
    const slow = transfer(BYTES, { rttMs: 0, mbit: 10 }, warm);
    expect(slow.ms).toBeCloseTo((BYTES * 8 * 1500) / 1448 / 10_000, 6);
    expect(slow.rounds).toBe(1);
  });

  it("takes 7 rounds of 0.92 MB on a new connection, and 15 where the window stays at 64 KiB", () => {
    expect(transfer(BYTES, far, cold)).toMatchObject({ rounds: 7, slowStartMs: 600, windowMs: 0, ms: 650 });
    expect(transfer(BYTES, far, { ...warm, window: same })).toMatchObject({ rounds: 15, windowMs: 1400, ms: 1450 });
    // Both: three rounds are slow start's (10, 20, 40 segments), all others the window's.
    const both = transfer(BYTES, far, { ...cold, window: same });
    expect(both).toMatchObject({ rounds: 16, slowStartMs: 300, windowMs: 1200 });
  });

  it("waits once for a receiver that gives leave for the whole message when it has seen its beginning", () => {
    expect(transfer(BYTES, far, { ...warm, window: { ...same, then: "rest" } })).toMatchObject({
      ...{ rounds: 2, windowMs: 100 },
    });
    expect(transfer(1000, far, { ...cold, window: same })).toMatchObject({ rounds: 1, ms: 50 });
  });

  it("has no idle line once what is under way fills it", () => {
    // 10 Mbit/s at 5 ms hold 6 kB: ten segments fill it from the first round on.
    expect(transfer(BYTES, { rttMs: 5, mbit: 10 }, cold)).toMatchObject({ slowStartMs: 0, rounds: 1 });
    // 100 Mbit/s at 20 ms hold 250 kB: five rounds of slow start, the last one nearly full.
    const t = transfer(BYTES, { rttMs: 20, mbit: 100 }, cold);
    expect(t.rounds).toBe(6);
    expect(t.slowStartMs).toBeGreaterThan(60);
    expect(t.slowStartMs).toBeLessThan(100);
    // A window of 64 KiB keeps half of itself under way while the other half is read.
    const half = transfer(BYTES, { rttMs: 20, mbit: 100 }, { ...warm, window: same });
    expect(half.ms / (14 * (20 + 2.74))).toBeCloseTo(1, 1);
  });

  it("never falls with more bytes, a longer way, a slower line or a smaller window, and its parts add up", () => {
    const size = fc.integer({ min: 1, max: 20_000_000 });
    const rtt = fc.double({ min: 0, max: 300, noNaN: true });
    const mbit = fc.option(fc.double({ min: 0.1, max: 10_000, noNaN: true }));
    const sender: fc.Arbitrary<Sender> = fc
      .tuple(fc.integer({ min: SEGMENT_BYTES, max: 10_000_000 }), fc.boolean(), fc.constantFrom("same", "rest"))
      .map(([congestionBytes, windowed, then]) => ({
        congestionBytes,
        ...(windowed && { window: { bytes: DEFAULT_H2_WINDOW_BYTES, then } }),
      }));
    fc.assert(
      fc.property(size, rtt, mbit, sender, (bytes, rttMs, mbit, from) => {
        const t = transfer(bytes, { rttMs, mbit }, from);
        expect(t.wayMs + t.bandwidthMs + t.slowStartMs + t.windowMs).toBeCloseTo(t.ms, 6);
        const slack = t.ms * 1e-9 + 1e-9;
        expect(transfer(2 * bytes, { rttMs, mbit }, from).ms).toBeGreaterThanOrEqual(t.ms - slack);
        expect(transfer(bytes, { rttMs: 2 * rttMs, mbit }, from).ms).toBeGreaterThanOrEqual(t.ms - slack);
        expect(transfer(bytes, { rttMs, mbit: null }, from).ms).toBeLessThanOrEqual(t.ms + slack);
        expect(transfer(bytes, { rttMs, mbit }, { congestionBytes: Infinity }).ms).toBeLessThanOrEqual(t.ms + slack);
      }),
    );
  });
});
