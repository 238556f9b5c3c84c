import type { Cell } from "../matrix/cell.ts";
import type { CellConditions } from "./conditions.ts";
import { MIN_VISITS } from "../matrix/limits.ts";
import type { RunManifest } from "../records/manifest.ts";
import { median } from "./math/quantile.ts";
import type { CellStatistics } from "./cell-statistics.ts";

/** Why cells end, in words that follow on their number, and in a table. */
export const REASONS = {
  precision: { words: "as precise as asked for", short: "precise" },
  requests: { words: "at their number of calls", short: "all calls" },
  budget: { words: "when the time was up", short: "time up" },
  failed: { words: "with a failure", short: "failed" },
} as const;

/** How precise a cell was asked to be, as a fraction of its median; null: it was not. */
export function askedPrecision(cell: Cell, { limits }: RunManifest): number | null {
  return (cell.limits?.precision === undefined ? limits.precision : cell.limits.precision) ?? null;
}

/** How precise a cell became: how far the ends of its median's 95 % interval lie from it. Null: there is no interval. */
export function reachedPrecision({ medianMs, medianInterval: interval }: CellStatistics): number | null {
  return interval === null ? null : Math.max(interval.high / medianMs - 1, 1 - interval.low / medianMs);
}

/** Why a cell ended, for a table; empty if it has not. */
export function endText(condition: CellConditions | undefined): string {
  return condition?.end == null ? "" : REASONS[condition.end.reason].short;
}

/** How precise the measured cells became, all together. */
export interface Reached {
  /** Precisions asked for, each once, ascending; empty if none was. */
  readonly asked: readonly number[];
  readonly cells: number;
  /** Cells whose interval is as narrow as asked, of so many visits as it takes to end a cell. */
  readonly narrow: number;
  /** Cells that have no interval: one visit. */
  readonly without: number;
  /** The median of the others' precisions and the one that nine of ten keep; null if no cell has an interval. */
  readonly typical: number | null;
  readonly nineTenths: number | null;
}

/** Undefined if nothing was measured. */
export function reached(
  statistics: readonly (CellStatistics & { readonly at: Cell })[],
  manifest: RunManifest,
): Reached | undefined {
  const all = statistics.map((s) => ({ ...s, asked: askedPrecision(s.at, manifest), own: reachedPrecision(s) }));
  if (all.length === 0) return undefined;
  const known = all.flatMap(({ own }) => own ?? []).sort((a, b) => a - b);
  return {
    asked: [...new Set(all.flatMap((x) => x.asked ?? []))].sort((a, b) => a - b),
    cells: all.length,
    narrow: all.filter(({ asked, own, visits }) => visits >= MIN_VISITS && asked !== null && (own ?? Infinity) <= asked)
      .length,
    without: all.length - known.length,
    typical: known.length === 0 ? null : median(known),
    nineTenths: known.length === 0 ? null : (known[Math.ceil(0.9 * known.length) - 1] ?? null),
  };
}
