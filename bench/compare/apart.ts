import { quantile } from "../stats/math/quantile.ts";

/** How far figures of two runs lie apart, as a share of the smaller one (0.02: two per cent). */
export interface Apart {
  readonly figures: number;
  /** Median, what nine of ten keep, and the largest. */
  readonly typical: number;
  readonly ninth: number;
  readonly largest: number;
  /** Share of them that lie within `NEAR` of each other. */
  readonly near: number;
}

/** Figures this near to each other are called near. */
export const NEAR = 0.05;

/** @param ratios of the second run's figures over the first's */
export function apartOf(ratios: readonly number[]): Apart | null {
  if (ratios.length === 0) return null;
  const apart = Float64Array.from(ratios, (ratio) => Math.expm1(Math.abs(Math.log(ratio)))).sort();
  return {
    figures: apart.length,
    typical: quantile(apart, 0.5),
    ninth: quantile(apart, 0.9),
    largest: apart.at(-1) ?? NaN,
    near: apart.filter((share) => share <= NEAR).length / apart.length,
  };
}
