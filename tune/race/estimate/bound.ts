import type { Interval } from "../../../bench/stats/math/estimate.ts";
import { studentQuantile } from "../../../bench/stats/math/special.ts";

/** An estimated difference of two arms' scores. */
export interface Difference {
  readonly value: number;
  /** The estimated variance of one visit's noise. */
  readonly noise: number;
  /** Its degrees of freedom. */
  readonly df: number;
  /** As many pairs of visits would tell it as exactly: its variance is twice the noise, divided by this. */
  readonly pairs: number;
}

/**
 * For which differences the interval is narrowest: those whose variance is that of a pair's noise, divided by this. The interval is valid with any
 * number; this one gives the narrowest from five to fifteen pairs.
 */
const SPREAD = 0.3;

/** The least variance of a visit's noise, of logarithms. Coarse clocks and few visits would show none. */
const LEAST_NOISE = 5e-4 ** 2;

/**
 * A confidence interval that holds however often one looks, so a race may look after each block and stop when it likes. It assumes normal noise, whose
 * size is estimated. A mixture of t likelihood ratios is then a martingale (Lai 1976; for differences in a linear model Lindon,
 * Ham, Tingley and Bojinov 2022), and Ville's inequality limits how often it is ever large.
 *
 * @param alpha how often the interval may miss the truth at any look
 * @returns null: the visits are too few for an interval
 */
export function alwaysValid(difference: Difference, alpha: number): Interval | null {
  const { df, pairs } = difference;
  const r = SPREAD / (SPREAD + pairs);
  const c = (r * alpha ** 2) ** (1 / (df + 1));
  return c <= r ? null : around(difference, Math.sqrt((df * (1 - c)) / (c - r)));
}

/**
 * A confidence interval for one look, by Student's t. It is narrower than one for many looks.
 *
 * @param alpha how often it may miss the truth
 * @returns null: the noise is not known
 */
export function atOneLook(difference: Difference, alpha: number): Interval | null {
  return around(difference, studentQuantile(1 - alpha / 2, Math.max(1, difference.df)));
}

/** The interval of so many standard errors on either side of a difference. */
function around({ value, noise, df, pairs }: Difference, errors: number): Interval | null {
  if (!(df > 0) || !(pairs > 0)) return null;
  const half = errors * Math.sqrt((2 * Math.max(noise, LEAST_NOISE)) / pairs);
  return { low: value - half, high: value + half };
}
