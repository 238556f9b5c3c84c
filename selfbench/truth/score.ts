import type { Interval } from "../../bench/stats/math/estimate.ts";
import { mean, variance } from "../../bench/stats/math/quantile.ts";

/** Of one simulated run: how many of its figures were right, and how many there were. */
export interface Count {
  readonly right: number;
  readonly of: number;
}

/** A share over runs, with its standard error: figures of one run go together, so runs are what is counted. */
export interface Share {
  readonly share: number;
  readonly se: number;
  readonly figures: number;
}

/** A figure of runs whose share of right ones lies within these ends. */
export type Promised = readonly [least: number, most: number];

/** How often intervals hold the truth at 95 %, as the simulations are to show it. */
export const COVERAGE: Promised = [0.92, 0.98];
/** How often something is said that is not so. */
export const ALARMS: Promised = [0, 0.05];

export function shareOf(counts: readonly Count[]): Share {
  const figures = counts.reduce((sum, c) => sum + c.of, 0);
  if (figures === 0) return { share: NaN, se: NaN, figures };
  const share = counts.reduce((sum, c) => sum + c.right, 0) / figures;
  // A ratio estimator over runs (Cochran 1977, 6.3).
  const size = figures / counts.length;
  const apart = counts.map((c) => (c.right - share * c.of) / size);
  return { share, se: Math.sqrt((variance(apart) + mean(apart) ** 2) / counts.length), figures };
}

/** So many standard errors may be chance: a promise is missed where the share lies further out. */
const CHANCE = 2.6;

/** Whether a promise is kept, as far as so many runs can tell. A share of 0 or 1 has the error of one run in them. */
export function isKept({ share, se, figures }: Share, [least, most]: Promised, runs: number): boolean {
  // Nothing was said, so nothing was said wrongly.
  if (figures === 0) return true;
  const error = Math.max(se, 1 / runs / 2);
  return share >= least - CHANCE * error && share <= most + CHANCE * error;
}

/** Counts intervals that hold a truth; those that are not there are no figures. */
export function holds(pairs: readonly (readonly [interval: Interval | null | undefined, truth: number])[]): Count {
  const known = pairs.flatMap(([interval, truth]) => (interval == null ? [] : [{ interval, truth }]));
  return {
    right: known.filter(({ interval: i, truth }) => i.low <= truth && truth <= i.high).length,
    of: known.length,
  };
}

export const yes = (is: boolean): Count => ({ right: is ? 1 : 0, of: 1 });
