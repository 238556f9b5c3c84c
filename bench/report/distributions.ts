import { type Column, formatTable } from "../../lib/table.ts";
import type { Cell } from "../cell.ts";
import { INTERVAL_RULE, type CentreInterval, cellIntervals } from "../stats/bootstrap.ts";
import { once } from "../stats/memo.ts";
import { QUANTILE_RULE, carriedQuantile, mean, quantile } from "../stats/quantile.ts";
import { type Study, loadOf, placeOf } from "../stats/study.ts";
import type { CellData } from "../stats/visits.ts";
import { formatMs } from "./tables.ts";

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

/** Every cell's distribution as text: centre with its interval, and as much of the tail as the calls can carry. */
export function distributionsSection({ study }: { readonly study?: Study }): string {
  const all = study === undefined ? [] : allStatistics(study);
  if (all.length === 0) return "";
  const shown = (ms: number | null) => (ms === null ? "" : formatMs(ms));
  const interval = (i: CentreInterval | null) => (i === null ? "–" : `${formatMs(i.low)} to ${formatMs(i.high)}`);
  const rows = all.map((s) => [
    placeOf(s.at),
    s.at.model,
    s.at.clientKind,
    s.at.image + loadOf(s.at),
    String(s.n),
    String(s.visits),
    formatMs(s.meanMs),
    formatMs(s.medianMs),
    interval(s.medianInterval),
    shown(s.p90Ms),
    shown(s.p99Ms),
    formatMs(s.maxMs),
  ]);
  const right = (title: string): Column => ({ title, align: "right" });
  const columns = [
    { title: "client → server" },
    { title: "model" },
    { title: "client" },
    { title: "image" },
    ...["calls", "visits", "mean", "median", "95 % interval", "p90", "p99", "max"].map(right),
  ];
  const rules = [`${INTERVAL_RULE}.`, `${QUANTILE_RULE}.`].map((rule) => `  ${rule}`);
  return ["Latency of every cell, ms", formatTable(columns, rows), ...rules].join("\n");
}
