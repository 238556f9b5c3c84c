import { type Limits, MIN_VISITS, WINDOWS, WINDOW_CALLS } from "../matrix/limits.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { mean, median, quantile } from "../stats/math/quantile.ts";
import { studentQuantile } from "../stats/math/special.ts";

/** By how much the largest of the windows' medians may exceed the smallest: perf_analyzer's default of 10 %. */
export const STABILITY = 0.1;

/**
 * The distribution-free interval of the median: the order statistics of ranks r and n + 1 - r, with the largest r that
 * keeps the coverage. The number of values below the median is binomial (n, 1/2), so the interval misses it with the
 * probability 2 P(B < r) (David and Nagaraja, Order Statistics, 3rd ed., section 7.1). It assumes independent calls and one look
 * at the data; it decides when to stop and nothing else. What a report states comes from the statistics of whole visits.
 *
 * @param sorted ascending
 * @returns with how often it covers the median: at least what was asked for, because ranks are whole numbers; null if n is
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

/** The larger distance of the interval's ends from the median, as a fraction of it; null if values are too few. */
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
 * @returns null if there are fewer calls than three windows take
 */
export function windowsStable(latenciesMs: readonly number[], threshold: number): boolean | null {
  if (latenciesMs.length < WINDOWS * WINDOW_CALLS) return null;
  const last = latenciesMs.slice(-WINDOWS * WINDOW_CALLS);
  const medians = Array.from({ length: WINDOWS }, (_, w) =>
    median(last.slice(w * WINDOW_CALLS, (w + 1) * WINDOW_CALLS)),
  );
  return Math.max(...medians) <= Math.min(...medians) * (1 + threshold);
}

/** The noise from visit to visit of some cells that are alike: a variance of logarithms with its degrees of freedom. */
export interface LikeNoise {
  readonly variance: number;
  readonly df: number;
}

/** Fewer degrees of freedom than this, and cells that are alike do not show their noise. */
const KNOWN_DF = 6;

/**
 * Whether a cell has been measured enough. `precision`: it has `minRequests` calls in three visits or more, its last windows
 * agree, and the 95 % interval of its median lies within the precision asked for: that of its calls, Student's over the
 * medians of its visits (calls of one visit are alike), and that by the noise of cells like it. Without the last, cells whose first
 * visits happen to agree would end too soon: of cells whose visits vary by 5 %, less than half of those that ended so held what
 * they said. `requests`: none of that, but it has all its calls.
 *
 * @param visits latencies of measured calls that succeeded, in the order of measuring, by visit
 * @param like the noise of cells like it, itself included; absent where that is not known
 * @returns undefined if it needs more calls
 */
export function enough(
  visits: readonly (readonly number[])[],
  limits: Limits,
  like?: LikeNoise,
): "precision" | "requests" | undefined {
  const { precision, minRequests, requests } = limits;
  const latenciesMs = visits.flat();
  if (
    precision !== null &&
    latenciesMs.length >= minRequests &&
    visits.length >= MIN_VISITS &&
    (precisionOf(latenciesMs) ?? Infinity) <= precision &&
    visitPrecision(visits) <= precision &&
    likePrecision(visits.length, like) <= precision &&
    windowsStable(latenciesMs, STABILITY) === true
  )
    return "precision";
  return latenciesMs.length >= requests ? "requests" : undefined;
}

/** The same as `visitPrecision` by the noise of cells that are alike; 0 if that is not known. */
function likePrecision(visits: number, like: LikeNoise | undefined): number {
  if (like === undefined || like.df < KNOWN_DF) return 0;
  return Math.expm1(studentQuantile(0.975, like.df) * Math.sqrt(like.variance / visits));
}

/** How far the ends of the t interval over visits' medians (logarithms) lie from their centre, as a fraction of it. */
function visitPrecision(visits: readonly (readonly number[])[]): number {
  const logs = estimateOf(visits.map((calls) => logOfMedian(calls)));
  const interval = intervalOf(logs);
  return interval === null ? Infinity : Math.expm1(interval.high - logs.value);
}

const logOfMedian = (calls: readonly number[]) => Math.log(Math.max(1e-3, median(calls)));

/** The noise from visit to visit of cells that are alike, kept while a run goes on. */
export class NoiseBook {
  readonly #cells = new Map<string, { readonly kind: string; readonly logs: number[] }>();
  readonly #kinds = new Map<string, { squares: number; df: number }>();

  /** One more visit to a cell. @param kind what it is as noisy as */
  visited(cell: string, kind: string, calls: readonly number[]): void {
    if (calls.length === 0) return;
    const own = this.#cells.get(cell) ?? { kind, logs: [] };
    this.#cells.set(cell, own);
    const all = this.#kinds.get(kind) ?? { squares: 0, df: 0 };
    this.#kinds.set(kind, all);
    const before = spreadOf(own.logs);
    own.logs.push(logOfMedian(calls));
    all.squares += spreadOf(own.logs) - before;
    all.df += own.logs.length > 1 ? 1 : 0;
  }

  /** Undefined if nothing of its kind was visited twice. */
  of(kind: string): LikeNoise | undefined {
    const all = this.#kinds.get(kind);
    return all === undefined || all.df === 0 ? undefined : { variance: all.squares / all.df, df: all.df };
  }
}

function spreadOf(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, x) => sum + (x - centre) ** 2, 0);
}
