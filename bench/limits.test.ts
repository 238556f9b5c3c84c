import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, visitSize, warmupSize } from "./limits.ts";

const limits = { ...DEFAULT_LIMITS, requests: 25, blockRequests: 10, blockMs: 1000, warmupRequests: 3 };

describe("the limits of a cell", () => {
  it("fills blocks and then what is missing", () => {
    expect([0, 10, 20, 25, 40].map((n) => visitSize(n, limits))).toEqual([10, 10, 5, 0, 0]);
  });

  it("warms up in full what is seen for the first time", () => {
    expect(warmupSize(true, undefined, limits)).toBe(3);
    expect(warmupSize(true, 5000, limits)).toBe(3);
  });

  it("begins each later visit to a fast cell with one warm-up call, and spends none on a slow one", () => {
    expect(warmupSize(false, 20, limits)).toBe(1);
    expect(warmupSize(false, 1200, limits)).toBe(0);
  });

  it("warms nothing up where none is asked for", () => {
    expect(warmupSize(true, 20, { ...limits, warmupRequests: 0 })).toBe(0);
    expect(warmupSize(false, 20, { ...limits, warmupRequests: 0 })).toBe(0);
  });
});
