import type { Cell } from "../matrix/cell.ts";
import type { Experiment } from "../matrix/experiments/schema.ts";
import { CellLimits, type Limits } from "../matrix/limits.ts";

/** The limits that an experiment sets. */
export function ownLimits({ precision, limits }: Experiment): CellLimits {
  return { ...limits, ...(precision === undefined ? {} : { precision }) };
}

/** Limits that satisfy both. No precision at all is stricter than any: the cell has all its calls. */
export function stricter(a: Limits, b: Limits): Limits {
  const most = (key: Exclude<keyof Limits, "precision" | "budgetMs">) => Math.max(a[key], b[key]);
  return {
    requests: most("requests"),
    minRequests: most("minRequests"),
    precision: a.precision === null || b.precision === null ? null : Math.min(a.precision, b.precision),
    blockRequests: most("blockRequests"),
    blockMs: most("blockMs"),
    warmupRequests: most("warmupRequests"),
    timeoutMs: most("timeoutMs"),
    budgetMs: a.budgetMs,
  };
}

/** A cell with those of its limits that are other than its run's. */
export function withLimits(cell: Cell, limits: Limits, run: Limits): Cell {
  const own = (Object.keys(CellLimits.shape) as (keyof CellLimits)[]).filter((key) => limits[key] !== run[key]);
  return own.length === 0 ? cell : { ...cell, limits: Object.fromEntries(own.map((key) => [key, limits[key]])) };
}
