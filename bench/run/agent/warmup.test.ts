import { describe, expect, it } from "vitest";
import { warmedUp } from "./warmup.ts";
import { pausesWithin, processWatch } from "./watch.ts";

const bounds = { atLeast: 3, atMost: 15, maxMs: 1000 };

describe("a warm-up", () => {
  it("goes on while calls get more than a tenth faster, and ends when they do not", () => {
    expect(warmedUp([900, 100, 50], 100, bounds)).toBeUndefined();
    expect(warmedUp([900, 100, 50, 46], 100, bounds)).toBe("steady");
    expect(warmedUp([900, 100, 50, 60], 100, bounds)).toBe("steady");
  });

  it("makes its least number of calls in any case", () => {
    expect(warmedUp([50, 50], 5000, bounds)).toBeUndefined();
    expect(warmedUp([50, 50, 50], 5000, bounds)).toBe("steady");
  });

  it("ends with its number of calls or its time where calls get ever faster", () => {
    const faster = Array.from({ length: 15 }, (_, i) => 1000 * 0.8 ** i);
    expect(warmedUp(faster.slice(0, 14), 100, bounds)).toBeUndefined();
    expect(warmedUp(faster, 100, bounds)).toBe("calls");
    expect(warmedUp(faster.slice(0, 5), 1000, bounds)).toBe("time");
  });

  it("takes one call where one is what it may have, and none where none is asked for", () => {
    expect(warmedUp([], 0, { ...bounds, atLeast: 1, atMost: 1 })).toBeUndefined();
    expect(warmedUp([5], 5, { ...bounds, atLeast: 1, atMost: 1 })).toBe("calls");
    expect(warmedUp([], 0, { ...bounds, atLeast: 0, atMost: 0 })).toBe("none");
  });
});

describe("the watch over the client's own process", () => {
  it("sees a blocked event loop", async () => {
    const watch = processWatch();
    watch.start();
    await new Promise((resolve) => setTimeout(resolve, 40));
    const until = performance.now() + 60;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const seen = await watch.stop(7);
    expect(seen.loopMaxMs).toBeGreaterThan(40);
    expect(seen.spanMs).toBeGreaterThan(115);
    expect(seen.loopBusy).toBeGreaterThan(0.2);
    expect(seen.ownWorkMs).toBe(7);
  });

  it("sees the garbage collector's pauses, of its own time alone", async () => {
    const watch = processWatch();
    watch.start();
    const kept: unknown[] = [];
    for (let i = 0; i < 400_000; i++) kept.push({ i });
    const seen = await watch.stop(0);
    expect(kept).toHaveLength(400_000);
    expect(seen.gcPauses).toBeGreaterThan(0);
    expect(seen.gcMs).toBeGreaterThanOrEqual(seen.gcMaxMs);
    const pauses = [1, 5, 9].map((startAt) => ({ startAt, ms: startAt }));
    expect(pausesWithin(pauses, 2, 6)).toEqual({ gcPauses: 1, gcMs: 5, gcMaxMs: 5 });
    expect(pausesWithin([], 2, 6)).toEqual({ gcPauses: 0, gcMs: 0, gcMaxMs: 0 });
  });
});
