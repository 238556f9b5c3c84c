import { type Limits, MIN_VISITS, WINDOWS, WINDOW_CALLS } from "../matrix/limits.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { median, quantile } from "../stats/math/quantile.ts";

/** By how much the largest of the windows' medians may exceed the smallest: perf_analyzer's default of 10 %. */
export const STABILITY = 0.1;

/**
 * The distribution-free interval of the median: the order statistics of ranks r and n + 1 - r, with the largest r that
 * keeps the coverage. The number of values below the median is binomial (n, 1/2), so the interval misses it with the
 * probability 2 P(B < r) (David and Nagaraja, Order Statistics, 3rd ed., section 7.1). It assumes independent calls and one look
 * at the data; it decides when to stop and nothing else. What a report states comes from the statistics of whole visits.
 *
 * @param sorted ascending
 * @returns with how often it covers the median: at least what was asked for, because ranks are whole numbers; null where n is
 * too small for any such interval (below 6 at 95 %)
 */
export function medianInterval(sorted: ArrayLike<number>, confidence = 0.95) {
  const n = sorted.length;
  // log P(B = k) from k = 0 on: in logarithms, because 2^-n is no double for n beyond 1074.
  let logTerm = -n * Math.LN2;
  let below = 0;
  let rank = 0;
  while (rank < n) {
    const next = below + Math.exp(logTerm);
    if (2 * next > 1 - confidence) break;
    below = next;
    logTerm += Math.log((n - rank) / (rank + 1));
    rank += 1;
  }
  if (rank === 0) return null;
  return { low: sorted[rank - 1] as number, high: sorted[n - rank] as number, coverage: 1 - 2 * below };
}

/** The larger distance of the interval's ends from the median, as a fraction of it; null where values are too few. */
export function precisionOf(values: ArrayLike<number>, confidence = 0.95): number | null {
  const sorted = Float64Array.from(values).sort();
  const interval = medianInterval(sorted, confidence);
  if (interval === null) return null;
  const middle = quantile(sorted, 0.5);
  return Math.max(middle - interval.low, interval.high - middle) / middle;
}

/**
 * The stability window, as perf_analyzer has it: the last three windows agree. Here a window is ten calls in the order of
 * measuring (so its calls come from several rounds where calls are long) and its figure is its median; perf_analyzer's is a
 * span of time or of calls, with its throughput and average latency. They agree by the rule of its newer versions: the largest
 * is at most 1 + `threshold` times the smallest. (Older ones asked that each lie within the threshold of their average.)
 *
 * @returns null where there are fewer calls than three windows take
 */
export function windowsStable(latenciesMs: readonly number[], threshold: number): boolean | null {
  if (latenciesMs.length < WINDOWS * WINDOW_CALLS) return null;
  const last = latenciesMs.slice(-WINDOWS * WINDOW_CALLS);
  const medians = Array.from({ length: WINDOWS }, (_, w) =>
    median(last.slice(w * WINDOW_CALLS, (w + 1) * WINDOW_CALLS)),
  );
  return Math.max(...medians) <= Math.min(...medians) * (1 + threshold);
}

/**
 * Whether a cell has been measured enough. `precision`: it has `minRequests` calls in three visits or more, its last windows
 * agree, and the 95 % interval of its median lies within the precision asked for, both that of its calls and Student's over
 * the medians of its visits, which is what a report states: calls of one visit are alike. `requests`: none of that, but it has
 * all its calls.
 *
 * @param visits latencies of measured calls that succeeded, in the order of measuring, by visit
 * @returns undefined where it needs more calls
 */
export function enough(visits: readonly (readonly number[])[], limits: Limits): "precision" | "requests" | undefined {
  const { precision, minRequests, requests } = limits;
  const latenciesMs = visits.flat();
  if (
    precision !== null &&
    latenciesMs.length >= minRequests &&
    visits.length >= MIN_VISITS &&
    (precisionOf(latenciesMs) ?? Infinity) <= precision &&
    visitPrecision(visits) <= precision &&
    windowsStable(latenciesMs, STABILITY) === true
  )
    return "precision";
  return latenciesMs.length >= requests ? "requests" : undefined;
}

/** How far the ends of the t interval over visits' medians (logarithms) lie from their centre, as a fraction of it. */
function visitPrecision(visits: readonly (readonly number[])[]): number {
  const logs = estimateOf(visits.map((calls) => Math.log(median(calls))));
  const interval = intervalOf(logs);
  return interval === null ? Infinity : Math.expm1(interval.high - logs.value);
}
