import { type Estimate, type Interval, intervalOf } from "../math/estimate.ts";
import { type Study, inDoubt } from "../study.ts";
import { type Sum, estimate, isZero } from "./sums.ts";

/** What is left of a whole counts as nothing up to this share of it. */
export const SMALL_SHARE = 0.05;

/** What is left over, judged. */
export interface Judged {
  /** An interval that holds for all findings at once at 95 % (Bonferroni); null if there is none. */
  readonly interval: Interval | null;
  /**
   * True: that interval lies within `SMALL_SHARE` of the whole. False: it does not, and zero is not in it. Null: neither, so
   * it is inconclusive, which is no proof that nothing is left.
   */
  readonly small: boolean | null;
  /** A cell in it was visited once and is an outlier, or could be one without being seen: nothing is judged (screening.ts). */
  readonly doubtful?: true;
}

/** Nothing is judged: there is nothing to see. */
export const UNJUDGED: Judged = { interval: null, small: null };

/** The level of an interval of one of several findings that all hold at once at 95 %. */
export const levelOf = (findings: number): number => 1 - 0.05 / Math.max(1, findings);

/** What is left over of a whole: the sum, its estimate, and whether an outlier could decide it. */
export interface Left {
  readonly estimate: Estimate;
  readonly doubtful: boolean;
}

/** A sum of what is left over. */
export function leftOver(study: Study, sum: Sum): Left {
  const cells = [...sum].filter(([, w]) => !w.every(isZero)).map(([id]) => ({ id }));
  return { estimate: estimate(study, sum), doubtful: inDoubt(study, cells) };
}

/** Whether something can be said of what is left over: these are the findings that share a level. */
export const judgeable = ({ estimate: { df }, doubtful }: Left): boolean => df > 0 && !doubtful;

/** Whether what is left over of a whole is as good as nothing (equivalence, not want of evidence). `stepMs`: no clock is finer. */
export function judge(left: Left, wholeMs: number, level: number, stepMs = 0): Judged {
  if (left.doubtful) return { ...UNJUDGED, doubtful: true };
  const interval = intervalOf(left.estimate, level);
  if (interval === null) return UNJUDGED;
  const most = SMALL_SHARE * Math.abs(wholeMs) + stepMs;
  if (interval.low >= -most && interval.high <= most) return { interval, small: true };
  return { interval, small: interval.low > 0 || interval.high < 0 ? false : null };
}
