import { incompleteBeta } from "../math/special.ts";

/*
 * MLPerf LoadGen's early stopping (mlcommons/inference, loadgen/early_stopping.cc and results.cc; MLPerf Inference Rules, "Early
 * stopping"): how many queries a percentile needs at least, if they are independent. The numbers are LoadGen's: a confidence of 99 %
 * and no tolerance.
 */
const CONFIDENCE = 0.99;

/**
 * The least number of queries within a bound that is enough if `over` others are beyond it. Enough means: if the share `percentile` of all
 * queries were within the bound, `over` or fewer beyond it would have a chance of at most 1 %. 459 for a 99th percentile and none beyond.
 */
export function leastWithin(over: number, percentile: number): number {
  const chance = (within: number) => incompleteBeta(percentile, within, over + 1);
  let [low, high] = [0, 1];
  while (chance(high) >= 1 - CONFIDENCE) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (chance(middle) < 1 - CONFIDENCE) high = middle;
    else low = middle;
  }
  return high;
}

/** A percentile as LoadGen reports it (SingleStream, MultiStream): with a confidence of 99 % it is not below the true one. `discarded`: slower queries. */
export type EarlyEstimate =
  | { readonly ok: true; readonly ms: number; readonly queries: number; readonly discarded: number }
  | { readonly ok: false; readonly queries: number; readonly needs: number };

/** The early-stopping estimate of a percentile: it leaves out as many of the slowest queries as it may, and takes the slowest of the others. */
export function earlyEstimate(latenciesMs: readonly number[], percentile: number): EarlyEstimate {
  const queries = latenciesMs.length;
  const needs = (over: number) => leastWithin(over, percentile) + over;
  if (queries < needs(1)) return { ok: false, queries, needs: needs(1) };
  let over = 1;
  while (needs(over + 1) <= queries) over++;
  const sorted = Float64Array.from(latenciesMs).sort();
  return { ok: true, ms: sorted[queries - over] as number, queries, discarded: over - 1 };
}

/** Whether a run passes by LoadGen's rule for Server: there are enough queries for those beyond the bound. */
export interface EarlyPass {
  readonly passes: boolean;
  readonly queries: number;
  readonly over: number;
  /** How many further queries the run needs to pass, if all of them are within the bound. */
  readonly more: number;
}

/** Judges a run by LoadGen's rule for Server. @param failed queries without an answer, which count as beyond the bound */
export function earlyPass(
  latenciesMs: readonly number[],
  percentile: number,
  boundMs: number,
  failed: number,
): EarlyPass {
  const queries = latenciesMs.length + failed;
  const over = failed + latenciesMs.filter((ms) => ms > boundMs).length;
  const more = Math.max(0, leastWithin(over, percentile) + over - queries);
  return { passes: more === 0, queries, over, more };
}
