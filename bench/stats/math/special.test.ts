import { describe, expect, it } from "vitest";
import { carries } from "./quantile.ts";
import * as special from "./special.ts";

/*
 * Expected values: scipy 1.17.1 (special.gammaln, special.betainc, stats.t.ppf, stats.t.cdf, stats.norm.cdf,
 * stats.norm.ppf), e.g. `python3 -c "from scipy import stats; print(stats.t.ppf(0.975, 4.3))"`.
 */
describe("distribution functions agree with scipy", () => {
  const close = (got: number, expected: number) => {
    expect(Math.abs(got - expected)).toBeLessThan(1e-10 * Math.max(1, Math.abs(expected)));
  };

  it("log-gamma", () => {
    const table = [
      [0.1, 2.252712651734206],
      [0.5, 0.5723649429247],
      [2.5, 0.2846828704729192],
      [10, 12.801827480081469],
      [123.4, 469.3360974421906],
    ] as const;
    for (const [x, expected] of table) close(special.logGamma(x), expected);
  });

  it("the regularised incomplete beta function", () => {
    const table = [
      [0.1, 0.5, 0.5, 0.20483276469913345],
      [0.5, 2, 3, 0.6875],
      [0.9, 10, 2, 0.6973568802000002],
      [0.3, 100, 200, 0.10884306564490986],
      [0.99, 40, 0.5, 0.37138602325398434],
    ] as const;
    for (const [x, a, b, expected] of table) close(special.incompleteBeta(x, a, b), expected);
  });

  it("Student's t, with fractions of a degree of freedom", () => {
    const quantiles = [
      [0.975, 1, 12.706204736174694],
      [0.975, 2, 4.302652729749462],
      [0.975, 4.3, 2.70169489828223],
      [0.975, 29, 2.045229642132703],
      [0.995, 10, 3.16927267261695],
      [0.9999, 3, 22.203742273205],
      [0.025, 7, -2.3646242515927844],
    ] as const;
    for (const [p, df, expected] of quantiles) close(special.studentQuantile(p, df), expected);
    const chances = [
      [-2, 3, 0.06966298427942152],
      [0.5, 1.5, 0.65971644466503],
      [3, 40, 0.9976849301079219],
      [10, 5, 0.9999145262121285],
    ] as const;
    for (const [t, df, expected] of chances) close(special.studentCdf(t, df), expected);
  });

  it("the normal", () => {
    const table = [
      [-6, 9.865876450376946e-10],
      [-2, 0.022750131948179195],
      [-0.3, 0.3820885778110474],
      [0, 0.5],
      [1.7320508, 0.9583677409944732],
      [1.96, 0.9750021048517795],
    ] as const;
    for (const [z, expected] of table) close(special.normalCdf(z), expected);
    close(special.normalQuantile(0.001), -3.090232306167813);
    close(special.normalQuantile(0.975), 1.959963984540054);
  });
});

/*
 * The fewest calls: scipy 1.17.1, the smallest n for which stats.binom.cdf(0, n, q) and stats.binom.sf(n - 1, n, q) are both at most
 * 0.025, so that the exact interval of the quantile ends at an observation on both sides.
 */
describe("the exact interval of a quantile", () => {
  it("is what decides whether a sample carries a quantile: 6 calls the median, 36 p90, 72 p95, 368 p99", () => {
    const fewest = (q: number) => Array.from({ length: 1000 }, (_, i) => i + 1).find((n) => carries(n, q));
    expect([0.5, 0.9, 0.95, 0.99].map(fewest)).toEqual([6, 36, 72, 368]);
  });
});
