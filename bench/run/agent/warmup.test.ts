import { describe, expect, it } from "vitest";
import { warmedUp } from "./warmup.ts";

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
