/**
 * The q-quantile by linear interpolation between order statistics (Hyndman and Fan's type 7, the default of R and NumPy).
 *
 * @param sorted ascending; NaN if it is empty
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

/**
 * Whether n calls can carry a quantile: its exact 95 % interval between two order statistics, which holds whatever the
 * distribution, has both ends inside of the sample (David and Nagaraja, Order Statistics, 7.1). That takes 6 calls for the
 * median, 36 for p90, 72 for p95 and 368 for p99; with fewer, the quantile is hardly more than the maximum and is not shown.
 *
 * Calls are taken as independent: `quantileOver` says how many independent calls those of some visits are worth.
 */
export function carries(n: number, q: number): boolean {
  // The chances that all calls lie below the quantile, and that all lie above it: each may be a tail of the interval at most.
  return Math.max(q ** n, (1 - q) ** n) <= 0.025;
}
