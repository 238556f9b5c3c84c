import { describe, expect, it } from "vitest";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { median } from "../stats/math/quantile.ts";
import { random } from "../stats/math/random.ts";
import { DEFAULT_LIMITS, Limits, enough, leadInSize, visitSize, warmupSize } from "./limits.ts";

const limits = { ...DEFAULT_LIMITS, requests: 25, blockRequests: 10, blockMs: 1000, warmupRequests: 3 };

describe("the limits of a cell", () => {
  it("fills blocks and then what is missing", () => {
    expect([0, 10, 20, 25, 40].map((n) => visitSize(n, limits))).toEqual([10, 10, 5, 0, 0]);
  });

  it("lead an open loop in for three times what a visit measures", () => {
    expect([undefined, 4, 50].map((rate) => leadInSize(rate, limits))).toEqual([0, 12, 30]);
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
    const visits = (n: number) => [flat.slice(0, 10), flat.slice(10, 20), flat.slice(20, n)];
    expect([30, 39, 40].map((n) => enough(visits(n), read))).toEqual([undefined, undefined, "requests"]);
    expect(enough(visits(40), DEFAULT_LIMITS)).toBe("precision");
    expect(enough(visits(29), DEFAULT_LIMITS)).toBeUndefined();
  });

  it("take no precision from fewer than three visits: what differs between visits is not to be seen there", () => {
    const flat = Array.from({ length: 40 }, () => 5);
    expect(enough([flat], DEFAULT_LIMITS)).toBeUndefined();
    expect(enough([flat, flat], DEFAULT_LIMITS)).toBeUndefined();
    expect(enough([flat, flat, flat], { ...DEFAULT_LIMITS, requests: 200 })).toBe("precision");
  });

  // Visits 3 % apart (standard deviation), calls 2 %: within two per cent by the calls, but not by what a report states.
  it("end a cell by its precision only where the interval over its visits is as narrow", () => {
    const stream = random(3);
    const limits = { ...DEFAULT_LIMITS, requests: 500 };
    const within = Array.from({ length: 60 }, () => {
      const visits: number[][] = [];
      while (enough(visits, limits) === undefined) {
        const level = 10 * Math.exp(0.03 * stream.normal());
        visits.push(Array.from({ length: 10 }, () => level * Math.exp(0.02 * stream.normal())));
      }
      const logs = estimateOf(visits.map((v) => Math.log(median(v))));
      const interval = intervalOf(logs);
      if (enough(visits, limits) === "precision")
        expect(Math.expm1((interval?.high ?? Infinity) - logs.value)).toBeLessThanOrEqual(0.02);
      return visits.length;
    });
    expect(median(within)).toBeGreaterThan(6);
  });
});
