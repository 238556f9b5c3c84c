import { type Estimate, type Interval, type RatioEstimate, intervalOf, ratioOf } from "../stats/math/estimate.ts";
import { holm } from "../stats/math/holm.ts";
import { studentCdf } from "../stats/math/special.ts";

/**
 * What became of a latency from run A to run B. `seems`: its interval by itself says so, but among so many groups one may by
 * chance; the interval that holds for all of them at once does not say so.
 */
export type Change = "faster" | "slower" | "same" | "seems faster" | "seems slower" | "inconclusive";

/** B's latency over A's with its 95 % interval, and what that means at the threshold. */
export interface Compared extends RatioEstimate {
  readonly change: Change;
}

/** An interval at its level. */
export interface LevelInterval extends Interval {
  readonly level: number;
}

/** One of many that were judged together. */
export interface JudgedTogether extends Compared {
  /** The interval at the level that Holm's procedure judged it by: `slower` and `faster` are by this one. Null: none. */
  readonly together: LevelInterval | null;
}

/** The ends of what counts as no change. */
export function band(threshold: number): readonly [low: number, high: number] {
  return [1 / (1 + threshold), 1 + threshold];
}

/** Judges one ratio by its own 95 % interval. */
export function judgeAlone(log: Estimate, threshold: number): Compared {
  const estimate = ratioOf(log);
  return { ...estimate, change: changeBy(estimate.interval, threshold) };
}

/**
 * Judges ratios together: none of those that did not change is called slower or faster, but in one of twenty comparisons of
 * runs (Holm 1979, on the distance of each from the threshold). Ratios without an error are no part of it.
 *
 * @param alpha the chance of such an error, 0.05 for one of twenty
 */
export function judgeTogether(logs: readonly Estimate[], threshold: number, alpha = 0.05): JudgedTogether[] {
  const known = logs.flatMap((log, i) => (intervalOf(log) === null ? [] : [{ i, p: pBeyond(log, threshold) }]));
  const tests = holm(
    known.map(({ p }) => p),
    alpha,
  );
  const levels = new Map(known.map(({ i }, k) => [i, 1 - (tests[k]?.alpha ?? 0)]));
  return logs.map((log, i): JudgedTogether => {
    const alone = judgeAlone(log, threshold);
    const level = levels.get(i);
    if (level === undefined) return { ...alone, together: null };
    const { interval } = ratioOf(log, level);
    const together = interval && { ...interval, level };
    const sure = changeBy(interval, threshold);
    if (sure === "slower" || sure === "faster") return { ...alone, together, change: sure };
    const { change } = alone;
    const seems = change === "slower" ? "seems slower" : change === "faster" ? "seems faster" : change;
    return { ...alone, together, change: seems };
  });
}

/** Of a ratio that lies within the band or at its edge, how probable such a distance beyond it is (two tails). */
function pBeyond({ value, se, df }: Estimate, threshold: number): number {
  const beyond = Math.abs(value) - Math.log1p(threshold);
  if (se === 0) return beyond > 0 ? 0 : 1;
  return Math.min(1, 2 * studentCdf(-beyond / se, df));
}

function changeBy(interval: Interval | null, threshold: number): Change {
  const [low, high] = band(threshold);
  if (interval === null) return "inconclusive";
  if (interval.low > high) return "slower";
  if (interval.high < low) return "faster";
  return interval.low >= low && interval.high <= high ? "same" : "inconclusive";
}
