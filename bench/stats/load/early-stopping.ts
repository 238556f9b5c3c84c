import { incompleteBeta } from "../math/special.ts";

/*
 * MLPerf LoadGen's early stopping (mlcommons/inference, loadgen/early_stopping.cc and results.cc; MLPerf Inference Rules, "Early
 * stopping"): how few queries do for a percentile, if they are independent. The numbers are LoadGen's: a confidence of 99 % and no
 * tolerance.
 */
const CONFIDENCE = 0.99;

/**
 * The least number of queries within the bound that, beside `over` of them beyond it, show that at least the share `percentile` of all
 * is within: so many and fewer beyond it would come about with a chance of 1 % at most. 459 for a 99th percentile and none beyond.
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

/** A percentile as LoadGen reports it (SingleStream, MultiStream): surely no smaller than the true one. */
export type EarlyEstimate =
  | { readonly ok: true; readonly ms: number; readonly queries: number; readonly discarded: number }
  | { readonly ok: false; readonly queries: number; readonly needs: number };

/** The early-stopping estimate of a percentile: the slowest queries that may be left out are, and the slowest of the others is it. */
export function earlyEstimate(latenciesMs: readonly number[], percentile: number): EarlyEstimate {
  const queries = latenciesMs.length;
  const needs = (over: number) => leastWithin(over, percentile) + over;
  if (queries < needs(1)) return { ok: false, queries, needs: needs(1) };
  let over = 1;
  while (needs(over + 1) <= queries) over++;
  const sorted = Float64Array.from(latenciesMs).sort();
  return { ok: true, ms: sorted[queries - over] as number, queries, discarded: over - 1 };
}

/** Whether a run passes as LoadGen says it (Server): enough queries for so many beyond the bound. */
export interface EarlyPass {
  readonly passes: boolean;
  readonly queries: number;
  readonly over: number;
  /** Further queries that it would take, all of them within the bound. */
  readonly more: number;
}

/** @param failed queries without an answer: beyond any bound */
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
