import type { Interval } from "./estimate.ts";
import { dot } from "./matrix.ts";
import { mean } from "./quantile.ts";
import { normalQuantile } from "./special.ts";

/** Pearson's correlation; NaN if either side does not vary. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const centred = (values: readonly number[]) => {
    const centre = mean(values);
    return Float64Array.from(values, (v) => v - centre);
  };
  const [dx, dy] = [centred(x), centred(y)];
  const [xx, yy] = [dot(dx, dx), dot(dy, dy)];
  return xx === 0 || yy === 0 ? NaN : dot(dx, dy) / Math.sqrt(xx * yy);
}

/** Fisher's 95 % interval of a correlation of n pairs; null for fewer than 4. */
export function correlationInterval(r: number, n: number): Interval | null {
  if (n < 4 || !(Math.abs(r) < 1)) return null;
  const half = normalQuantile(0.975) / Math.sqrt(n - 3);
  return { low: Math.tanh(Math.atanh(r) - half), high: Math.tanh(Math.atanh(r) + half) };
}

/**
 * The 95 % interval of a difference r12 - r13 of two correlations with one variable in common (Zou, "Toward using confidence
 * intervals to compare correlations", Psychological Methods 12, 2007, eq. 14 and 15).
 *
 * @param r12 correlation of the outcome with the first variable
 * @param r13 correlation of the outcome with the second
 * @param r23 correlation of the two with each other
 */
export function correlationDifference(r12: number, r13: number, r23: number, n: number): Interval | null {
  const first = correlationInterval(r12, n);
  const second = correlationInterval(r13, n);
  if (first === null || second === null) return null;
  const shared =
    ((r23 - 0.5 * r12 * r13) * (1 - r12 ** 2 - r13 ** 2 - r23 ** 2) + r23 ** 3) / ((1 - r12 ** 2) * (1 - r13 ** 2));
  const reach = (a: number, b: number) => Math.sqrt(Math.max(0, a ** 2 + b ** 2 - 2 * shared * a * b));
  return {
    low: r12 - r13 - reach(r12 - first.low, second.high - r13),
    high: r12 - r13 + reach(first.high - r12, r13 - second.low),
  };
}
