import { type Limits, MIN_VISITS } from "../matrix/limits.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { median } from "../stats/math/quantile.ts";
import { STABILITY, precisionOf, windowsStable } from "./precision.ts";

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
