import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, visitSize, warmupSize } from "./limits.ts";

const limits = { ...DEFAULT_LIMITS, requests: 25, blockRequests: 10, blockMs: 1000, warmupRequests: 3 };

describe("the limits of a cell", () => {
  it("fills blocks and then what is missing", () => {
    expect([0, 10, 20, 25, 40].map((n) => visitSize(n, limits))).toEqual([10, 10, 5, 0, 0]);
  });

  const known = (model: boolean, input: boolean, callMs?: number) => ({ model, input, callMs });

  it("warms up in full what a server sees for the first time", () => {
    expect(warmupSize(known(false, false), limits)).toBe(3);
    expect(warmupSize(known(true, false, 20), limits)).toBe(3);
  });

  it("begins each later visit to a fast cell with one warm-up call", () => {
    expect(warmupSize(known(true, true, 20), limits)).toBe(1);
  });

  it("spends no more warm-up on a slow model once its server has answered it", () => {
    expect(warmupSize(known(false, false), limits)).toBe(3);
    expect(warmupSize(known(true, false, 1200), limits)).toBe(0);
    expect(warmupSize(known(true, true, 1200), limits)).toBe(0);
  });

  it("warms nothing up where none is asked for", () => {
    expect(warmupSize(known(false, false), { ...limits, warmupRequests: 0 })).toBe(0);
    expect(warmupSize(known(true, true, 20), { ...limits, warmupRequests: 0 })).toBe(0);
  });
});
