import { median } from "./math/quantile.ts";

/** Fewer calls than this in a visit, of which thirds are compared, show nothing. */
const LEAST_CALLS = 6;
/** So many calls behind, and a server does not keep the rate. */
const BEHIND_CALLS = 1;

/**
 * By how many calls an open loop's server fell behind within one visit: how much longer its last third of calls took than its
 * first (medians), in the time from one call to the next. A server that keeps the rate stays near 0, above or below; one
 * that does not falls further behind with every call, and its latencies show how long the visit was and not how quick the server is.
 *
 * @param latenciesMs measured calls in order
 * @returns null if there are too few calls
 */
export function backlogCalls(latenciesMs: readonly number[], ratePerSecond: number): number | null {
  if (latenciesMs.length < LEAST_CALLS) return null;
  const third = Math.floor(latenciesMs.length / 3);
  return ((median(latenciesMs.slice(-third)) - median(latenciesMs.slice(0, third))) * ratePerSecond) / 1000;
}

/** Where calls come at random, a backlog is found with this normal quantile: one in a hundred would be by chance. */
const BY_CHANCE = 2.33;

/**
 * Whether a cell's server fell behind, by all its visits. A single visit may have met a pause. Where calls come at random, the queue
 * of a server that keeps the rate grows and shrinks by itself: between the thirds of n calls by no more than about the square root of
 * 4n/3 (n random arrivals and services over two thirds of the visit, at full use).
 *
 * @param visits backlog of each visit, in calls
 * @param randomCalls calls of a visit where they come at random; absent: they come evenly
 */
export function fellBehind(visits: readonly number[], randomCalls?: number): boolean {
  const chance = BY_CHANCE * Math.sqrt((4 * (randomCalls ?? 0)) / 3 / Math.max(1, visits.length));
  return visits.length > 0 && median(visits) >= Math.max(BEHIND_CALLS, chance);
}
