import type { Cell } from "../matrix/cell.ts";
import { type CentreInterval, cellIntervals } from "./bootstrap.ts";
import { once } from "./math/memo.ts";
import { carriedQuantile, mean, quantile } from "./math/quantile.ts";
import type { Study } from "./study.ts";
import type { CellData } from "./visits.ts";

/** What is known of one cell's latencies, milliseconds. Null: what the calls cannot carry. */
export interface CellStatistics {
  readonly cell: string;
  readonly n: number;
  readonly visits: number;
  readonly meanMs: number;
  readonly meanInterval: CentreInterval | null;
  readonly medianMs: number;
  readonly medianInterval: CentreInterval | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number;
}

/** Statistics of one cell's calls. */
export function cellStatistics(data: CellData, seed: number): CellStatistics {
  const sorted = Float64Array.from(data.totalsMs).sort();
  const intervals = cellIntervals(data, seed);
  return {
    cell: data.cell,
    n: sorted.length,
    visits: data.visits.length,
    meanMs: mean(data.totalsMs),
    meanInterval: intervals.mean,
    medianMs: quantile(sorted, 0.5),
    medianInterval: intervals.median,
    p90Ms: carriedQuantile(sorted, 0.9),
    p99Ms: carriedQuantile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? NaN,
  };
}

/** Statistics of every cell that has calls, in the order of the plan. */
export const allStatistics = once((study: Study): readonly (CellStatistics & { readonly at: Cell })[] =>
  study.manifest.cells.flatMap((at) => {
    const data = study.data.get(at.id);
    return data === undefined || data.visits.length === 0 ? [] : [{ ...cellStatistics(data, study.manifest.seed), at }];
  }),
);
