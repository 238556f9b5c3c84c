import { describe, expect, it } from "vitest";
import { correlation, correlationDifference, correlationInterval } from "./correlation.ts";
import { random } from "./random.ts";
import { coverageOf } from "../../testing/studies.ts";

describe("correlations", () => {
  // Zou (2007), worked example of overlapping correlations: r12 = .396, r13 = .179, r23 = .088, n = 66: (-.093, .517).
  it("differ within the interval of Zou's published example", () => {
    const interval = correlationDifference(0.396, 0.179, 0.088, 66);
    expect(interval?.low).toBeCloseTo(-0.093, 3);
    expect(interval?.high).toBeCloseTo(0.517, 3);
  });

  // scipy 1.17.1: r = scipy.stats.pearsonr([1, 2, 4, 5, 7, 9], [2, 1, 5, 3, 8, 7]); r.statistic, r.confidence_interval(.95)
  it("have scipy's value and interval", () => {
    const r = correlation([1, 2, 4, 5, 7, 9], [2, 1, 5, 3, 8, 7]);
    expect(r).toBeCloseTo(0.8683248446821746, 12);
    expect(correlationInterval(r, 6)?.low).toBeCloseTo(0.19222261958655296, 9);
    expect(correlationInterval(r, 6)?.high).toBeCloseTo(0.9854445268496128, 9);
  });

  it("are undefined where one side does not vary, and without an interval for three pairs", () => {
    expect(correlation([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(correlationInterval(0.5, 3)).toBeNull();
  });

  // 1000 trials of 10 images, correlations .8 and .2 with independent covariates: two Monte-Carlo errors of .95 are .014.
  it("of ten images have a difference whose interval covers the truth as often as it says", () => {
    const stream = random(4);
    const intervals = Array.from({ length: 1000 }, () => {
      const objects = Array.from({ length: 10 }, () => stream.normal());
      const bytes = objects.map(() => stream.normal());
      const y = objects.map((o, i) => 0.8 * o + 0.2 * (bytes[i] as number) + Math.sqrt(1 - 0.68) * stream.normal());
      return correlationDifference(correlation(y, objects), correlation(y, bytes), correlation(objects, bytes), 10);
    });
    const coverage = coverageOf(intervals, 0.6);
    expect(coverage).toBeGreaterThan(0.93);
    expect(coverage).toBeLessThan(0.98);
  });
});
