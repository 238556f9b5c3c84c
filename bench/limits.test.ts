import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, Limits, enough, visitSize, warmupSize } from "./limits.ts";

const limits = { ...DEFAULT_LIMITS, requests: 25, blockRequests: 10, blockMs: 1000, warmupRequests: 3 };

describe("the limits of a cell", () => {
  it("fills blocks and then what is missing", () => {
    expect([0, 10, 20, 25, 40].map((n) => visitSize(n, limits))).toEqual([10, 10, 5, 0, 0]);
  });

  it("warms up in full what is seen for the first time", () => {
    expect(warmupSize(true, undefined, limits)).toEqual({ atLeast: 3, atMost: 15 });
    expect(warmupSize(true, 5000, limits)).toEqual({ atLeast: 3, atMost: 15 });
  });

  it("begins each later visit to a fast cell with one warm-up call, and spends none on a slow one", () => {
    expect(warmupSize(false, 20, limits)).toEqual({ atLeast: 1, atMost: 1 });
    expect(warmupSize(false, 1200, limits)).toEqual({ atLeast: 0, atMost: 0 });
  });

  it("warms nothing up where none is asked for", () => {
    expect(warmupSize(true, 20, { ...limits, warmupRequests: 0 })).toEqual({ atLeast: 0, atMost: 0 });
    expect(warmupSize(false, 20, { ...limits, warmupRequests: 0 })).toEqual({ atLeast: 0, atMost: 0 });
  });

  it("are exactly the number of calls in runs of before there was a precision", () => {
    const { precision: _p, minRequests: _m, ...old } = DEFAULT_LIMITS;
    const read = Limits.parse({ ...old, requests: 40 });
    const flat = Array.from({ length: 40 }, () => 5);
    expect([30, 39, 40].map((n) => enough(flat.slice(0, n), read))).toEqual([undefined, undefined, "requests"]);
    expect(enough(flat, DEFAULT_LIMITS)).toBe("precision");
    expect(enough(flat.slice(0, 29), DEFAULT_LIMITS)).toBeUndefined();
  });
});
