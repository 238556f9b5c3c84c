import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { dueEveryMs, leadInSize, visitSize, warmupSize } from "./visit-size.ts";

const limits = { ...DEFAULT_LIMITS, requests: 25, blockRequests: 10, blockMs: 1000, warmupRequests: 3 };
const closed = { mode: "closed-loop", concurrency: 4 };
const atRate = (ratePerSecond: number) => ({ mode: "constant-rate", ratePerSecond, concurrency: 1 });

describe("a visit", () => {
  it("fills blocks and then what is missing", () => {
    expect([0, 10, 20, 25, 40].map((n) => visitSize(n, limits))).toEqual([10, 10, 5, 0, 0]);
  });

  it("at a rate leads in for three times what it measures", () => {
    expect([closed, atRate(4), atRate(50)].map((load) => leadInSize(load, limits))).toEqual([0, 12, 30]);
  });

  it("has calls that are due at fixed times at a rate alone", () => {
    expect([closed, atRate(4), atRate(50)].map(dueEveryMs)).toEqual([undefined, 250, 20]);
  });

  const full = { atLeast: 3, atMost: 15 };
  const exactly = (calls: number) => ({ atLeast: calls, atMost: calls });
  const known = (model: boolean, input: boolean, callMs?: number) => ({ model, input, callMs });

  it("warms up until it is steady what a server sees for the first time", () => {
    expect(warmupSize(known(false, false), limits)).toEqual(full);
    expect(warmupSize(known(true, false, 20), limits)).toEqual(full);
  });

  it("to a fast cell begins with one warm-up call each later time", () => {
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
});
