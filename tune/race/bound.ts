import type { Interval } from "../../bench/stats/math/estimate.ts";
import { studentQuantile } from "../../bench/stats/math/special.ts";

/** A difference of two arms' scores. */
export interface Difference {
  readonly value: number;
  /** The variance of one visit's noise, as estimated, and on how many degrees of freedom. */
  readonly noise: number;
  readonly df: number;
  /** How many pairs of visits it is worth: its variance is twice the noise, divided by this. */
  readonly pairs: number;
}

/**
 * How large differences are that the bound is tightest for: their variance is that of a pair's noise, divided by this. Any value
 * is valid; this one gives the narrowest intervals from five to fifteen pairs.
 */
const SPREAD = 0.3;

/** No visit is more alike to the next than this, in logarithms: clocks and few repetitions would make a noise of zero. */
const LEAST_NOISE = 5e-4 ** 2;

/**
 * A confidence interval that holds at all times together, so that a race may look after each block and stop when it likes.
 * The noise is normal, and its size is estimated: a mixture of t likelihood ratios, scale-invariant, is a martingale (Lai 1976),
 * for differences in a linear model as in Lindon, Ham, Tingley and Bojinov (2022); Ville's inequality does the rest.
 *
 * @param alpha how often it may ever miss the truth
 * @returns null where the data bound nothing yet
 */
export function alwaysValid(difference: Difference, alpha: number): Interval | null {
  const { df, pairs } = difference;
  const r = SPREAD / (SPREAD + pairs);
  const c = (r * alpha ** 2) ** (1 / (df + 1));
  return c <= r ? null : around(difference, Math.sqrt((df * (1 - c)) / (c - r)));
}

/**
 * A confidence interval that holds at one look: Student's t. It is narrower than one that always holds.
 *
 * @param alpha how often it may miss the truth
 * @returns null where the noise is not known
 */
export function atOneLook(difference: Difference, alpha: number): Interval | null {
  return around(difference, studentQuantile(1 - alpha / 2, Math.max(1, difference.df)));
}

/** @param errors half of the interval, in standard errors */
function around({ value, noise, df, pairs }: Difference, errors: number): Interval | null {
  if (!(df > 0) || !(pairs > 0)) return null;
  const half = errors * Math.sqrt((2 * Math.max(noise, LEAST_NOISE)) / pairs);
  return { low: value - half, high: value + half };
}
