import { z } from "zod";

/** When a cell has been measured enough, and how a visit to it goes. */
export const Limits = z.object({
  /** Measured calls a cell is to have. */
  requests: z.number().int().positive(),
  /** Calls of one visit to a cell, at most. */
  blockRequests: z.number().int().positive(),
  /** A visit begins no further call once its measured part has taken this long. */
  blockMs: z.number().positive(),
  /** Calls before the measured ones where server or connection see something for the first time. */
  warmupRequests: z.number().int().nonnegative(),
  /** A call that takes longer has failed. */
  timeoutMs: z.number().positive(),
  /**
   * Wall time of the whole run. Every cell is visited once, whatever it takes; after that no visit begins once this much
   * time has passed. Null: until every cell has its calls.
   */
  budgetMs: z.number().positive().nullable(),
});
export type Limits = z.infer<typeof Limits>;

export const DEFAULT_LIMITS: Limits = {
  requests: 30,
  blockRequests: 10,
  blockMs: 1000,
  warmupRequests: 3,
  timeoutMs: 60_000,
  budgetMs: null,
};

/** How many measured calls the next visit makes at most: a block, or what is still missing. */
export function visitSize(measured: number, limits: Limits): number {
  return Math.max(0, Math.min(limits.blockRequests, limits.requests - measured));
}

/**
 * How many warm-up calls a visit begins with. What server or connection see for the first time is warmed up in full. Any
 * other visit begins with one warm-up call, because another cell has run since and the caches are its; not so where a
 * call is so long (a tenth of a block and more) that this effect drowns in it and the call would cost more than it gives.
 *
 * @param fresh    this server's model has not seen this input yet, or the connection is new
 * @param callMs   what a call of this cell takes, where known
 */
export function warmupSize(fresh: boolean, callMs: number | undefined, limits: Limits): number {
  if (fresh) return limits.warmupRequests;
  return callMs !== undefined && callMs >= limits.blockMs / 10 ? 0 : Math.min(1, limits.warmupRequests);
}
