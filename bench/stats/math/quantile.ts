import { binomialCdf } from "./special.ts";

/**
 * The q-quantile by linear interpolation between order statistics (Hyndman and Fan's type 7, the default of R and NumPy).
 *
 * @param sorted ascending; NaN where it is empty
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return NaN;
  const h = (sorted.length - 1) * q;
  const low = Math.floor(h);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return a + (b - a) * (h - low);
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** The median of values in any order; NaN of nothing. */
export function median(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** The variance with n - 1 below; NaN of fewer than two values. */
export function variance(values: ArrayLike<number>): number {
  if (values.length < 2) return NaN;
  const m = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((values[i] as number) - m) ** 2;
  return sum / (values.length - 1);
}

/** Positions (0-based) of two order statistics between which a quantile lies. */
export interface OrderInterval {
  readonly low: number;
  readonly high: number;
}

/**
 * The exact, distribution-free interval of a quantile between two order statistics, with equal tails: the number of
 * values below the quantile is binomial(n, q) whatever the distribution (David and Nagaraja, Order Statistics, 7.1).
 * Undefined where n is too small for one of its ends to be an observation.
 *
 * The values are taken as independent. Calls of one visit are so only in part; this decides what n can carry at the
 * least, and `clusterBootstrap` gives the interval that knows of visits.
 */
export function quantileInterval(n: number, q: number, level = 0.95): OrderInterval | undefined {
  const tail = (1 - level) / 2;
  // x[low] (1-based r) is below the quantile unless fewer than r values are: P(B < r) = P(B <= r - 1) <= tail.
  let r = largestWith((k) => binomialCdf(k - 1, n, q) <= tail, n);
  // x[high] (1-based s) is above it unless s or more values are below: P(B >= s) = 1 - P(B <= s - 1) <= tail.
  const s = n + 1 - largestWith((k) => 1 - binomialCdf(n - k, n, q) <= tail, n);
  if (r < 1 || s > n) return undefined;
  r -= 1;
  return { low: r, high: s - 1 };
}

/** The largest k in 1..n for which a condition that turns false once holds; 0 where it never does. */
function largestWith(holds: (k: number) => boolean, n: number): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Whether n calls can carry a quantile: its exact 95 % interval has both ends inside of the sample. That takes 6 calls for
 * the median, 36 for p90, 72 for p95 and 368 for p99; with fewer, the quantile is hardly more than the maximum and is not
 * shown.
 */
export function carries(n: number, q: number): boolean {
  return quantileInterval(n, q) !== undefined;
}

/** The rule of `carries`, for readers of a table. */
export const QUANTILE_RULE =
  "quantiles: type 7 (R, NumPy); shown where their exact order-statistic 95 % interval lies inside of the sample " +
  "(6 calls for the median, 36 for p90, 368 for p99)";

/** A quantile, or null where the sample cannot carry it. */
export function carriedQuantile(sorted: ArrayLike<number>, q: number): number | null {
  return carries(sorted.length, q) ? quantile(sorted, q) : null;
}
