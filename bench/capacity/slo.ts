import { THRESHOLD, thresholdOf } from "../matrix/experiments/threshold.ts";

/** A service level objective: the share `q` of calls takes less than `limitMs`. */
export interface Slo {
  /** As it was typed: `p99 < 200 ms`. */
  readonly text: string;
  readonly q: number;
  readonly limitMs: number;
}

/** What an objective may look like, for faults. */
export const SLO = THRESHOLD.replace(/, or ratio.*/, "").replace("median <", "or median <");

/** Reads an objective, in the form of a threshold on a percentile. @returns undefined if the text is none */
export function sloOf(text: string): Slo | undefined {
  const threshold = thresholdOf(text);
  if (threshold?.of !== "quantile" || threshold.q < 0.5) return undefined;
  return { text: threshold.text, q: threshold.q, limitMs: threshold.limitMs };
}
