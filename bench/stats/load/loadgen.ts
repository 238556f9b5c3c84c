import type { LoadGenRules } from "../../loads/load.ts";
import { modeOf } from "../../loads/registry.ts";
import { failedOf } from "../visits.ts";
import { type EarlyEstimate, type EarlyPass, earlyEstimate, earlyPass } from "./early-stopping.ts";
import { type LoadedCell, queryLatencies } from "./figures.ts";

/** What LoadGen would report of some cells. It is not a result of MLPerf, whose rules ask for more (docs/load.md). */
export interface LoadGenResult extends LoadGenRules {
  /** Queries that were answered, and that failed. */
  readonly queries: number;
  readonly failed: number;
  /** SingleStream and MultiStream: the percentile. */
  readonly estimate?: EarlyEstimate;
  /** Server: whether the run passes. */
  readonly pass?: EarlyPass;
}

/** LoadGen's result of cells that differ in their image alone; undefined for other loads. */
export function loadGenResult(cells: readonly LoadedCell[]): LoadGenResult | undefined {
  const [first] = cells;
  const rules = first && modeOf(first.cell.load).loadGen?.(first.cell.load);
  if (rules === undefined) return undefined;
  const ofQueries = rules.latency?.of === "query";
  const latencies = cells.flatMap((c) => (ofQueries ? queryLatencies(c) : [...c.data.totalsMs]));
  const failed = cells.reduce((sum, { data }) => sum + failedOf(data).calls, 0);
  const base = { ...rules, queries: latencies.length, failed };
  if (rules.latency === undefined) return base;
  const { percentile } = rules.latency;
  return rules.boundMs === undefined
    ? { ...base, estimate: earlyEstimate(latencies, percentile) }
    : { ...base, pass: earlyPass(latencies, percentile, rules.boundMs, failed) };
}
