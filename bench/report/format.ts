import type { Interval } from "../stats/estimate.ts";

/** A ratio for people: three digits that carry meaning. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return "–";
  return ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(ratio < 0.1 ? 4 : 3);
}

/** An interval of a ratio: `1.020 to 1.110`; a dash where there is none. */
export function formatRatioInterval(interval: Interval | null): string {
  return interval === null ? "–" : `${formatRatio(interval.low)} to ${formatRatio(interval.high)}`;
}
