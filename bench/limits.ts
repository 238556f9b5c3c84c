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
 * How many warm-up calls a visit begins with.
 *
 * - A model's first visit on a server is warmed up in full.
 * - After that, where a call takes half a block or more, none: what a new input or connection and other cells' cache lines
 *   cost (milliseconds; not to be seen beside R-FCN's seconds: second calls of a shape were no faster than first ones)
 *   drowns in such a call, and warming up would double the run.
 * - A faster model is warmed up in full where the input or the connection is new, and by one call at every other visit,
 *   because another cell has run since and the caches are its.
 */
export function warmupSize(known: Familiarity, limits: Limits): number {
  if (!known.model) return limits.warmupRequests;
  if (known.callMs !== undefined && known.callMs >= limits.blockMs / 2) return 0;
  return known.input ? Math.min(1, limits.warmupRequests) : limits.warmupRequests;
}
