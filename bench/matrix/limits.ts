import { z } from "zod";
import { STABILITY, WINDOW_CALLS, WINDOWS, medianOf, precisionOf, windowsStable } from "../schedule/precision.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";

/** When a cell has been measured enough, and how a visit to it goes. */
export const Limits = z.object({
  /** Measured calls a cell is to have at most. */
  requests: z.number().int().positive(),
  /** Measured calls before which no precision ends a cell; besides them it takes three visits. */
  minRequests: z
    .number()
    .int()
    .positive()
    .default(WINDOWS * WINDOW_CALLS),
  /**
   * How far the ends of the median's 95 % interval may lie from the median, as a fraction of it, for a cell to be done: by its
   * calls, and by its visits.
   * Null: a cell has exactly `requests` calls. (Runs of before there was a precision have none.)
   */
  precision: z.number().positive().max(1).nullable().default(null),
  /** Calls of one visit to a cell, at most. */
  blockRequests: z.number().int().positive(),
  /** A visit begins no further call once its measured part has taken this long. */
  blockMs: z.number().positive(),
  /** Calls, at least, before the measured ones where server or connection see something for the first time. */
  warmupRequests: z.number().int().nonnegative(),
  /** A call that takes longer has failed. */
  timeoutMs: z.number().positive(),
  /**
   * Wall time of the whole run. Every cell is visited once, whatever it takes; after that no visit begins that would end
   * later than this. Null: until every cell has its calls.
   */
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

/** Why a cell is done: its median is known as precisely as was asked for, or it has all its calls. */
export type Enough = "precision" | "requests";

/** Visits before which no precision ends a cell: what varies from visit to visit is not to be seen in fewer. */
export const MIN_VISITS = 3;

/**
 * Whether a cell has been measured enough. `precision`: it has `minRequests` calls in three visits or more, its last windows
 * agree, and the 95 % interval of its median lies within the precision asked for, both that of its calls and Student's over
 * the medians of its visits, which is what a report states: calls of one visit are alike. `requests`: none of that, but it has
 * all its calls.
 *
 * @param visits latencies of measured calls that succeeded, in the order of measuring, by visit
 * @returns undefined where it needs more calls
 */
export function enough(visits: readonly (readonly number[])[], limits: Limits): Enough | undefined {
  const { precision, minRequests, requests } = limits;
  const latenciesMs = visits.flat();
  if (
    precision !== null &&
    latenciesMs.length >= minRequests &&
    visits.length >= MIN_VISITS &&
    (precisionOf(latenciesMs) ?? Infinity) <= precision &&
    visitPrecision(visits) <= precision &&
    windowsStable(latenciesMs, STABILITY) === true
  )
    return "precision";
  return latenciesMs.length >= requests ? "requests" : undefined;
}

/** How far the ends of the t interval over visits' medians (logarithms) lie from their centre, as a fraction of it. */
function visitPrecision(visits: readonly (readonly number[])[]): number {
  const logs = estimateOf(visits.map((calls) => Math.log(medianOf(Float64Array.from(calls).sort()))));
  const interval = intervalOf(logs);
  return interval === null ? Infinity : Math.expm1(interval.high - logs.value);
}

/** How many measured calls the next visit makes at most: a block, or what is still missing. */
export function visitSize(measured: number, limits: Limits): number {
  return Math.max(0, Math.min(limits.blockRequests, limits.requests - measured));
}

/** An open loop leads in for so many times as long as it measures. */
const LEAD_IN = 3;

/**
 * Calls at an open loop's rate before the measured ones of each visit: by then a queue has built up as far as it does at most
 * loads. (At nine tenths of what a server can do it takes some hundred calls: longer blocks see more of that.)
 */
export function leadInSize(ratePerSecond: number | undefined, limits: Limits): number {
  if (ratePerSecond === undefined) return 0;
  return LEAD_IN * Math.min(limits.blockRequests, Math.ceil((ratePerSecond * limits.blockMs) / 1000));
}

/** How many warm-up calls a visit begins with. The worker decides between the two by `warmedUp` of agent/warmup.ts. */
export interface WarmupSize {
  readonly atLeast: number;
  readonly atMost: number;
}

/** What is known of a cell's surroundings when a visit to it begins. */
export interface Familiarity {
  /** The server has answered a call of this model since the session began. */
  readonly model: boolean;
  /** The model has seen this input, and the connection has carried a call. */
  readonly input: boolean;
  /** The shortest call of this model on this server so far, where there was one. */
  readonly callMs: number | undefined;
}

/**
 * The bounds of a visit's warm-up.
 *
 * - A model's first visit on a server is warmed up until it is steady.
 * - After that, where a call takes half a block or more, none: what a new input or connection and other cells' cache lines
 *   cost (milliseconds; not to be seen beside R-FCN's seconds: second calls of a shape were no faster than first ones)
 *   drowns in such a call, and warming up would double the run.
 * - A faster model is warmed up until it is steady where the input or the connection is new, and by one call at every other visit,
 *   because another cell has run since and the caches are its.
 */
export function warmupSize(known: Familiarity, limits: Limits): WarmupSize {
  const full = { atLeast: limits.warmupRequests, atMost: 5 * limits.warmupRequests };
  if (!known.model) return full;
  if (known.callMs !== undefined && known.callMs >= limits.blockMs / 2) return { atLeast: 0, atMost: 0 };
  const one = Math.min(1, limits.warmupRequests);
  return known.input ? { atLeast: one, atMost: one } : full;
}
