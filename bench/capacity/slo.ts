import { THRESHOLD, thresholdOf } from "../matrix/experiments/threshold.ts";

/** A service level objective: at least the share `q` of calls takes less than `limitMs`. */
export interface Slo {
  /** As it was typed: `p99 < 200 ms`. */
  readonly text: string;
  readonly q: number;
  readonly limitMs: number;
}

/** What an SLO may look like, for faults. */
export const SLO = THRESHOLD.replace(/, or ratio.*/, "").replace("median <", "or median <");

/** Reads an SLO: a threshold on the median or a higher percentile. @returns undefined if the text is none */
export function sloOf(text: string): Slo | undefined {
  const threshold = thresholdOf(text);
  if (threshold?.of !== "quantile" || threshold.q < 0.5) return undefined;
  return { text: threshold.text, q: threshold.q, limitMs: threshold.limitMs };
}
