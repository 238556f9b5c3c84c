import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dip } from "./dip.ts";
import { random } from "./random.ts";

/**
 * The dip by its definition: the least distance at which a distribution with one mode fits, found by halving. Left of the mode the
 * convex hull of the band's upper edge is the highest there is, right of it the concave hull of its lower edge the lowest.
 */
function dipByDefinition(x: readonly number[]): number {
  const n = x.length;
  const value = (points: readonly (readonly [number, number])[], sign: 1 | -1, at: number) =>
    // The hull's height: the lowest (highest) of all lines between two points around it.
    sign *
    Math.min(
      ...points.flatMap(([xa, ya]) =>
        points.flatMap(([xb, yb]) =>
          xa <= at && at <= xb ? [sign * (xa === xb ? ya : ya + ((yb - ya) * (at - xa)) / (xb - xa))] : [],
        ),
      ),
    );
  const fits = (d: number) =>
    x.some((mode, m) => {
      const upper = x.map((xi, i) => [xi, i / n + d] as const);
      const lower = x.map((xi, i) => [xi, (i + 1) / n - d] as const);
      const left = (v: number) =>
        lower.slice(0, m).every(([xi, y]) => value([...upper.slice(0, m), [mode, v]], 1, xi) >= y - 1e-12);
      const right = (v: number) =>
        upper.slice(m + 1).every(([xi, y]) => value([[mode, v], ...lower.slice(m + 1)], -1, xi) <= y + 1e-12);
      const [least, most] = [(m + 1) / n - d, m / n + d];
      if (least > most) return left(most) && right(least);
      return Array.from({ length: 201 }, (_, k) => least + ((most - least) * k) / 200).some((v) => left(v) && right(v));
    });
  let [low, high] = [0, 0.5];
  for (let k = 0; k < 14; k++) {
    const middle = (low + high) / 2;
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return Math.max(high, 1 / (2 * n));
}

describe("the dip", () => {
  it("is the least distance to a distribution with one mode", () => {
    const sample = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 4, maxLength: 6 });
    fc.assert(
      fc.property(sample, (values) => {
        const x = values.toSorted((a, b) => a - b);
        expect(dip(Float64Array.from(x))).toBeCloseTo(dipByDefinition(x), 2);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it("is a quarter for two points far apart, and as small as can be for even steps", () => {
    const two = [...Array<number>(50).fill(1), ...Array<number>(50).fill(9)].map((v, i) => v + 1e-6 * i);
    expect(dip(Float64Array.from(two))).toBeCloseTo(0.25, 2);
    expect(dip(Float64Array.from({ length: 10 }, (_, i) => i))).toBeCloseTo(1 / 20);
  });

  it("has the quantiles of the published table for even samples", () => {
    const stream = random(1);
    const dips = Float64Array.from({ length: 2000 }, () =>
      dip(Float64Array.from({ length: 50 }, () => stream.uniform()).sort()),
    ).sort();
    // Hartigan and Hartigan 1985, table 1, n = 50: median 0.0496, 95 %: 0.0702.
    expect(dips[1000]).toBeCloseTo(0.0496, 2.5);
    expect(dips[1900]).toBeCloseTo(0.0702, 2.5);
  });

  it("does not change with place, scale or direction", () => {
    const x = Float64Array.from([1, 2, 2.5, 6, 7, 7.2, 9]);
    const turned = Float64Array.from(x, (v) => 3 - 2 * v).sort();
    expect(dip(turned)).toBeCloseTo(dip(x), 12);
  });
});
