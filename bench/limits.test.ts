import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, Limits, enough, visitSize, warmupSize } from "./limits.ts";

const limits = { ...DEFAULT_LIMITS, requests: 25, blockRequests: 10, blockMs: 1000, warmupRequests: 3 };

describe("the limits of a cell", () => {
  it("fills blocks and then what is missing", () => {
    expect([0, 10, 20, 25, 40].map((n) => visitSize(n, limits))).toEqual([10, 10, 5, 0, 0]);
  });

  const full = { atLeast: 3, atMost: 15 };
  const exactly = (calls: number) => ({ atLeast: calls, atMost: calls });
  const known = (model: boolean, input: boolean, callMs?: number) => ({ model, input, callMs });

  it("warms up until it is steady what a server sees for the first time", () => {
    expect(warmupSize(known(false, false), limits)).toEqual(full);
    expect(warmupSize(known(true, false, 20), limits)).toEqual(full);
  });

  it("begins each later visit to a fast cell with one warm-up call", () => {
    expect(warmupSize(known(true, true, 20), limits)).toEqual(exactly(1));
  });

  it("spends no more warm-up on a slow model once its server has answered it", () => {
    expect(warmupSize(known(false, false), limits)).toEqual(full);
    expect(warmupSize(known(true, false, 1200), limits)).toEqual(exactly(0));
    expect(warmupSize(known(true, true, 1200), limits)).toEqual(exactly(0));
  });

  it("warms nothing up where none is asked for", () => {
    expect(warmupSize(known(false, false), { ...limits, warmupRequests: 0 })).toEqual(exactly(0));
    expect(warmupSize(known(true, true, 20), { ...limits, warmupRequests: 0 })).toEqual(exactly(0));
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
