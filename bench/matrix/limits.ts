import { z } from "zod";

/** The windows that have to agree before a precision ends a cell: this many, of this many calls each. */
export const WINDOWS = 3;
export const WINDOW_CALLS = 10;

/** Visits before which no precision ends a cell: fewer do not show what varies from visit to visit. */
export const MIN_VISITS = 3;

/** When a cell has been measured enough, and how a visit to it goes. */
export const Limits = z.object({
  /** Measured calls a cell is to have at most. */
  requests: z.number().int().positive(),
  /** Measured calls before which no precision ends a cell; besides them it takes `MIN_VISITS` visits. */
  minRequests: z.number().int().positive(),
  /**
   * How far the ends of the median's 95 % interval may lie from the median, as a fraction of it, for a cell to be done: by its
   * calls, and by its visits. Null: a cell has exactly `requests` calls.
   */
  precision: z.number().positive().max(1).nullable(),
  /** Calls of one visit to a cell, at most. */
  blockRequests: z.number().int().positive(),
  /** A visit begins no further call once its measured part has taken this long. */
  blockMs: z.number().positive(),
  /** Calls, at least, before the measured ones where server or connection see something for the first time. */
  warmupRequests: z.number().int().nonnegative(),
  /** A call that takes longer has failed. */
  timeoutMs: z.number().positive(),
  /** Wall time of the run: no visit but a cell's first begins that would end later. Null: no limit. */
  budgetMs: z.number().positive().nullable(),
});
export type Limits = z.infer<typeof Limits>;

/** What one cell may have of its own; the budget is the run's. */
export const CellLimits = Limits.omit({ budgetMs: true }).partial();
export type CellLimits = z.infer<typeof CellLimits>;

export const DEFAULT_LIMITS: Limits = {
  requests: 100,
  minRequests: WINDOWS * WINDOW_CALLS,
  precision: 0.02,
  blockRequests: 10,
  blockMs: 1000,
  warmupRequests: 3,
  timeoutMs: 60_000,
  budgetMs: null,
};

/** A run's limits with what a cell has of its own. */
export function limitsFor(run: Limits, own: CellLimits | undefined): Limits {
  return Limits.parse({ ...run, ...own });
}
