import type { Cell } from "../matrix/cell.ts";
import { type CentreInterval, cellIntervals } from "./bootstrap.ts";
import { once } from "./math/memo.ts";
import { carriedQuantile } from "./math/quantile.ts";
import type { Study } from "./study.ts";
import { type CellSummary, summaryOf } from "./summary.ts";
import type { CellData } from "./visits.ts";

/** What is known of one cell's latencies, milliseconds. Null: what the calls cannot carry. */
export interface CellStatistics extends Pick<CellSummary, "cell" | "n" | "meanMs" | "medianMs" | "p90Ms" | "maxMs"> {
  readonly visits: number;
  readonly meanInterval: CentreInterval | null;
  readonly medianInterval: CentreInterval | null;
  readonly p99Ms: number | null;
}

/** Statistics of one cell's calls. */
export function cellStatistics(data: CellData, seed: number): CellStatistics {
  const { cell, n, meanMs, medianMs, p90Ms, maxMs } = summaryOf(data);
  const { mean: meanInterval, median: medianInterval } = cellIntervals(data, seed);
  const p99Ms = carriedQuantile(Float64Array.from(data.totalsMs).sort(), 0.99);
  return { cell, n, visits: data.visits.length, meanMs, meanInterval, medianMs, medianInterval, p90Ms, p99Ms, maxMs };
}

/** Statistics of every cell that has calls, in the order of the plan. */
export const allStatistics = once((study: Study): readonly (CellStatistics & { readonly at: Cell })[] =>
  study.manifest.cells.flatMap((at) => {
    const data = study.data.get(at.id);
    return data === undefined || data.visits.length === 0 ? [] : [{ ...cellStatistics(data, study.manifest.seed), at }];
  }),
);
