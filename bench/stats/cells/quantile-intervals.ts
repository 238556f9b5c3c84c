import { betweenShare } from "../math/clusters.ts";
import type { Interval } from "../math/estimate.ts";
import { carries, quantile } from "../math/quantile.ts";
import { studentQuantile } from "../math/special.ts";
import { logOfMs } from "../visits.ts";

/** A quantile of calls with its 95 % interval, milliseconds. */
export interface KnownQuantile {
  readonly ms: number;
  readonly interval: Interval;
}

/** When quantiles are shown, for readers of a table. */
export const CALLS_RULE =
  "quantiles: type 7 (R, NumPy); shown if both ends of the 95 % interval lie among the calls. Calls of one visit are alike, so they " +
  "count as fewer calls, the more the visits differ (design effect, Kish 1965). The interval is Woodruff's (1952) over whole visits";

/**
 * A quantile of the calls of some visits: of one cell, or of cells that differ in their image. Its interval runs between the calls
 * at the shares of calls that are as far from it as its share varies from visit to visit (Woodruff 1952), or as independent calls
 * would make it vary, whichever is more.
 *
 * @param visits latencies of calls, milliseconds, by visit
 * @returns null if the calls cannot carry it
 */
export function quantileOver(visits: readonly (readonly number[])[], q: number): KnownQuantile | null {
  const sorted = Float64Array.from(visits.flat()).sort();
  const n = sorted.length;
  const clusters = visits.filter((v) => v.length > 0);
  if (clusters.length < 2 || !carries(effectiveCalls(clusters), q)) return null;
  const ms = quantile(sorted, q);
  const share = sorted.filter((x) => x <= ms).length / n;
  // The share of calls below it, a ratio estimator over visits (Cochran 1977, 6.3).
  const squares = clusters.reduce((sum, v) => sum + (v.filter((x) => x <= ms).length - share * v.length) ** 2, 0);
  const byVisits = Math.sqrt((squares * clusters.length) / (clusters.length - 1)) / n;
  const half = studentQuantile(0.975, clusters.length - 1) * Math.max(byVisits, Math.sqrt((q * (1 - q)) / n));
  const [low, high] = [(q - half) * n, (q + half) * n];
  if (low < 1 || high > n) return null;
  return { ms, interval: { low: sorted[Math.floor(low) - 1] as number, high: sorted[Math.ceil(high) - 1] as number } };
}

/** So many independent calls say as much as these. */
function effectiveCalls(visits: readonly (readonly number[])[]): number {
  const n = visits.reduce((sum, v) => sum + v.length, 0);
  const size = visits.reduce((sum, v) => sum + v.length ** 2, 0) / n;
  return Math.floor(n / (1 + (size - 1) * betweenShare(visits.map((v) => v.map(logOfMs)))));
}
