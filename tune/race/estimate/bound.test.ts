import { describe, expect, it } from "vitest";
import { mean, variance } from "../../../bench/stats/math/quantile.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { alwaysValid } from "./bound.ts";

const bound = (values: readonly number[], alpha: number) =>
  alwaysValid({ value: mean(values), noise: variance(values) / 2, df: values.length - 1, pairs: values.length }, alpha);

describe("the bound that always holds", () => {
  it("misses the truth at any of 60 looks in no more sequences than it may", () => {
    const stream = random(1);
    let missed = 0;
    for (let i = 0; i < 1000; i++) {
      const values: number[] = [];
      for (let n = 0; n < 60; n++) {
        values.push(0.05 + 0.02 * stream.normal());
        const interval = bound(values, 0.05);
        if (interval !== null && (interval.low > 0.05 || interval.high < 0.05)) {
          missed++;
          break;
        }
      }
    }
    expect(missed).toBeLessThanOrEqual(50 + 2.6 * 7);
  });

  it("does not depend on the unit, and gets narrower", () => {
    const values = [1.1, 0.9, 1.05, 0.97, 1.02, 1.0, 0.95, 1.04];
    const one = bound(values, 0.05);
    const thousand = bound(
      values.map((v) => 1000 * v),
      0.05,
    );
    expect(thousand?.low).toBeCloseTo(1000 * (one?.low ?? NaN), 6);
    const longer = bound([...values, ...values], 0.05);
    expect((longer?.high ?? 9) - (longer?.low ?? 0)).toBeLessThan((one?.high ?? 0) - (one?.low ?? 9));
  });

  it("says nothing where there is no degree of freedom, and is no point where all visits are the same", () => {
    expect(bound([1], 0.05)).toBeNull();
    const interval = bound([1, 1, 1, 1, 1, 1], 0.05);
    expect(interval?.high).toBeGreaterThan(1);
  });
});
