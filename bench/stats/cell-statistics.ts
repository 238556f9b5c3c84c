import type { Cell } from "../matrix/cell.ts";
import { type CellCentre, type CentreInterval, cellCentres } from "./cells/cell-intervals.ts";
import type { Interval } from "./math/estimate.ts";
import { once } from "./math/memo.ts";
import { quantileOver } from "./cells/quantile-intervals.ts";
import type { Study } from "./study.ts";
import { type CellSummary, summaryOf } from "./summary.ts";
import { callsByVisit } from "./visits.ts";

/** What is known of one cell's latencies, milliseconds. Null: what the calls cannot carry. */
export interface CellStatistics extends Pick<CellSummary, "cell" | "n" | "meanMs" | "medianMs" | "maxMs"> {
  readonly visits: number;
  readonly meanInterval: CentreInterval | null;
  readonly medianInterval: CentreInterval | null;
  /** In words, why the median has no interval; null if it has one. */
  readonly why: string | null;
  /** The same of the mean. */
  readonly whyMean: string | null;
  /** Quantiles of the calls themselves, by visits as clusters (`CALLS_RULE`). */
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly p95Interval: Interval | null;
}

/** Statistics of every cell that has calls, in the order of the plan. */
export const allStatistics = once((study: Study): readonly (CellStatistics & { readonly at: Cell })[] => {
  const [medians, means] = [cellCentres(study, "median"), cellCentres(study, "mean")];
  return study.manifest.cells.flatMap((at) => {
    const data = study.data.get(at.id);
    if (data === undefined || data.visits.length === 0) return [];
    const { cell, n, meanMs, medianMs, maxMs } = summaryOf(data);
    const calls = callsByVisit(data);
    const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((q) => quantileOver(calls, q));
    const visits = data.visits.length;
    return [
      {
        ...{ at, cell, n, visits, meanMs, medianMs, maxMs },
        meanInterval: means.get(cell)?.interval ?? null,
        medianInterval: medians.get(cell)?.interval ?? null,
        why: whyNot(visits, medians.get(cell)),
        whyMean: whyNot(visits, means.get(cell)),
        ...{ p50Ms: p50?.ms ?? null, p90Ms: p90?.ms ?? null, p95Ms: p95?.ms ?? null, p99Ms: p99?.ms ?? null },
        p95Interval: p95?.interval ?? null,
      },
    ];
  });
});

function whyNot(visits: number, centre: CellCentre | undefined): string | null {
  if (centre?.interval != null) return null;
  if (visits < 2) return "visited once";
  return centre?.skewed === true
    ? "outliers: too few visits to know a mean"
    : "no similar cell was visited often enough";
}
