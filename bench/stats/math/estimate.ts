import { mean, variance } from "./quantile.ts";
import { studentQuantile } from "./special.ts";

/**
 * A measured quantity with its standard error. `df` are the degrees of freedom of that error; where the error is not known
 * (one visit only) `se` is NaN and `df` 0, and there is no interval.
 */
export interface Estimate {
  readonly value: number;
  readonly se: number;
  readonly df: number;
}

/** Two ends, in the unit of what they are about. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An interval that says something: one without an end says no more than none. */
export function known(interval: Interval | null | undefined): Interval | null {
  return interval != null && Number.isFinite(interval.low) && Number.isFinite(interval.high) ? interval : null;
}

/**
 * Why what rests on a machine's rounds is not sure. `short`: too few rounds to tell whether its noise lasts from one to the next.
 * `lasting`: it does, and the rounds are too few to tell by how much an interval must widen, so there is none.
 */
export type Doubt = "short" | "lasting";

/** An effect as a ratio; the interval is null where the data cannot give one. */
export interface RatioEstimate {
  readonly ratio: number;
  readonly interval: Interval | null;
  readonly doubt?: Doubt;
}

/** The mean of independent values, with the error that their spread shows. */
export function estimateOf(values: readonly number[]): Estimate {
  const n = values.length;
  return n < 2
    ? { value: mean(values), se: NaN, df: 0 }
    : { value: mean(values), se: Math.sqrt(variance(values) / n), df: n - 1 };
}

/**
 * A weighted sum of independent estimates. The degrees of freedom are Welch's and Satterthwaite's. A part without an error
 * of its own leaves the sum without one.
 */
export function linear(parts: readonly (readonly [weight: number, estimate: Estimate])[]): Estimate {
  let value = 0;
  let total = 0;
  let below = 0;
  for (const [weight, e] of parts) {
    value += weight * e.value;
    const v = (weight * e.se) ** 2;
    total += v;
    if (v > 0) below += v ** 2 / e.df;
  }
  if (!Number.isFinite(total) || !Number.isFinite(below)) return { value, se: NaN, df: 0 };
  // Parts that never vary: no error to be seen, and any number of degrees of freedom gives the same interval.
  const df = below === 0 ? Math.min(...parts.map(([, e]) => e.df)) : total ** 2 / below;
  return { value, se: Math.sqrt(total), df };
}

/** The t interval of an estimate; null where its error is not known. */
export function intervalOf(e: Estimate, level = 0.95): Interval | null {
  if (!(e.df > 0) || !Number.isFinite(e.se)) return null;
  const half = studentQuantile((1 + level) / 2, e.df) * e.se;
  return { low: e.value - half, high: e.value + half };
}

/** What a logarithm is of, to 14 digits: more than any clock has, and what was 10 before its logarithm was taken is 10 again. */
export const ofLog = (log: number): number => Number(Math.exp(log).toPrecision(14));

/** An estimate of a logarithm as a ratio. */
export function ratioOf(log: Estimate, level = 0.95): RatioEstimate {
  const interval = intervalOf(log, level);
  return {
    ratio: ofLog(log.value),
    interval: interval && { low: ofLog(interval.low), high: ofLog(interval.high) },
  };
}
