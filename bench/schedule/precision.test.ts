import fc from "fast-check";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { describe, expect, it } from "vitest";
import { medianInterval, precisionOf, windowsStable } from "./precision.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("the interval of a median", () => {
  it("has the ranks and coverages of the published table", () => {
    // Binomial (n, 1/2): R, qbinom(0.025, n, 0.5) and 1 - 2 * pbinom(r - 1, n, 0.5).
    expect(medianInterval(upTo(6))).toEqual({ low: 1, high: 6, coverage: expect.closeTo(0.96875, 10) as number });
    expect(medianInterval(upTo(10))).toEqual({ low: 2, high: 9, coverage: expect.closeTo(0.978515625, 10) as number });
    expect(medianInterval(upTo(20))).toEqual({ low: 6, high: 15, coverage: expect.closeTo(0.958610535, 8) as number });
    expect(medianInterval(upTo(100))).toMatchObject({ low: 40, high: 61 });
  });

  it("is none where no two values can carry it", () => {
    expect([0, 1, 5].map((n) => medianInterval(upTo(n)))).toEqual([null, null, null]);
    expect(precisionOf([1, 2, 3])).toBeNull();
  });

  it("holds the median, is symmetric in its ranks, and covers as much as was asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 5000 }), (n) => {
        const interval = medianInterval(upTo(n));
        if (interval === null) throw new Error("there is an interval from six values on");
        expect(interval.low + interval.high).toBe(n + 1);
        expect(interval.low).toBeLessThanOrEqual((n + 1) / 2);
        expect(interval.coverage).toBeGreaterThanOrEqual(0.95);
      }),
    );
  });

  it("covers a known median at least as often as it says", () => {
    const random = xoroshiro128plus(11);
    const times = 4000;
    let covered = 0;
    for (let i = 0; i < times; i++) {
      const sample = Float64Array.from({ length: 30 }, () => -Math.log(1 - uniformFloat64(random))).sort();
      const { low = NaN, high = NaN } = medianInterval(sample) ?? {};
      if (low <= Math.LN2 && Math.LN2 <= high) covered += 1;
    }
    // True coverage 0.957; standard deviation of the share 0.0032.
    expect(covered / times).toBeGreaterThan(0.943);
    expect(covered / times).toBeLessThan(0.971);
  });

  it("tells the precision as the farther end's distance from the median", () => {
    expect(precisionOf([...upTo(10)].reverse())).toBeCloseTo((9 - 5.5) / 5.5);
  });
});

describe("the stability window", () => {
  const windows = (...medians: number[]) => medians.flatMap((m) => Array.from({ length: 10 }, () => m));

  it("needs three windows, and looks at the last three alone", () => {
    expect(windowsStable(windows(10, 10), 0.1)).toBeNull();
    expect(windowsStable(windows(50, 10, 10, 10), 0.1)).toBe(true);
    expect(windowsStable(windows(10, 10, 10, 50), 0.1)).toBe(false);
  });

  it("is stable up to a largest median of 1.1 times the smallest at 10 %, as perf_analyzer has it", () => {
    expect(windowsStable(windows(10, 10.5, 11), 0.1)).toBe(true);
    expect(windowsStable(windows(10, 10.5, 11.1), 0.1)).toBe(false);
  });

  it("does not mind an outlier in a window", () => {
    expect(windowsStable(windows(10, 10, 10).with(15, 1000), 0.1)).toBe(true);
  });
});
