import type { Interval } from "../../bench/stats/math/estimate.ts";
import { mean, variance } from "../../bench/stats/math/quantile.ts";

/** How many figures of one simulated run were right, and how many there were. */
export interface Count {
  readonly right: number;
  readonly of: number;
}

/** A share over runs, with its standard error. Figures of one run are not independent, so the error is that between runs. */
export interface Share {
  readonly share: number;
  readonly se: number;
  readonly figures: number;
}

/** The ends between which a share must lie. */
export type Promised = readonly [least: number, most: number];

/** The share of 95 % intervals that must hold the truth. */
export const COVERAGE: Promised = [0.92, 0.98];
/** The share of runs that may say something untrue. */
export const ALARMS: Promised = [0, 0.05];

export function shareOf(counts: readonly Count[]): Share {
  const figures = counts.reduce((sum, c) => sum + c.of, 0);
  if (figures === 0) return { share: NaN, se: NaN, figures };
  const share = counts.reduce((sum, c) => sum + c.right, 0) / figures;
  // A ratio estimator over runs (Cochran 1977, 6.3).
  const size = figures / counts.length;
  const apart = counts.map((c) => (c.right - share * c.of) / size);
  // One run does not show how much runs differ.
  const spread = counts.length < 2 ? 0 : variance(apart);
  return { share, se: Math.sqrt((spread + mean(apart) ** 2) / counts.length), figures };
}

/** A promise is missed if the share is more standard errors outside of its ends: fewer may be chance. */
const CHANCE = 2.6;

/** Whether a promise is kept, as far as `runs` runs can show. The error is at least that of one run (of one figure, if they are fewer), also if the share is 0 or 1. */
export function isKept({ share, se, figures }: Share, [least, most]: Promised, runs: number): boolean {
  // Nothing was said, so nothing was said wrongly.
  if (figures === 0) return true;
  const error = Math.max(se, 1 / Math.min(runs, figures) / 2);
  return share >= least - CHANCE * error && share <= most + CHANCE * error;
}

/** Counts intervals that hold their truth. Pairs without an interval do not count. */
export function holds(pairs: readonly (readonly [interval: Interval | null | undefined, truth: number])[]): Count {
  const known = pairs.flatMap(([interval, truth]) => (interval == null ? [] : [{ interval, truth }]));
  return {
    right: known.filter(({ interval: i, truth }) => i.low <= truth && truth <= i.high).length,
    of: known.length,
  };
}

export const yes = (is: boolean): Count => ({ right: is ? 1 : 0, of: 1 });
