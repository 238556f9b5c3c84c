import type { Load } from "../loads/load.ts";
import { modeOf } from "../loads/registry.ts";
import type { Limits } from "../matrix/limits.ts";

/** How many measured calls the next visit makes at most: a block, or what is still missing. */
export function visitSize(measured: number, limits: Limits): number {
  return Math.max(0, Math.min(limits.blockRequests, limits.requests - measured));
}

/** Calls at a cell's load before the measured ones of each visit, so that they do not find an idle server. */
export function leadInSize(load: Load, { blockRequests, blockMs }: Limits): number {
  return modeOf(load).leadIn(load, { requests: blockRequests, ms: blockMs });
}

/** What the next visit makes at most: calls that are still missing, or all that its load says; and for how long they are due. */
export function visitBounds(load: Load, measured: number, limits: Limits): { calls: number; blockMs: number } {
  const whole = modeOf(load).wholeVisit?.(load);
  const calls = visitSize(measured, limits);
  // A visit that only warms up stays one.
  if (whole === undefined || calls === 0) return { calls, blockMs: limits.blockMs };
  return { calls: whole.calls, blockMs: Math.max(whole.ms, limits.blockMs) };
}

/** Milliseconds between calls where they are due at one rate; undefined elsewhere. */
export function dueEveryMs(load: Load): number | undefined {
  const rate = modeOf(load).ratePerSecond?.(load);
  return rate === undefined ? undefined : 1000 / rate;
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
 * How many warm-up calls a visit begins with. The worker decides between the two bounds by `warmedUp` of run/agent/warmup.ts.
 *
 * - A model's first visit on a server is warmed up until it is steady.
 * - After that, where a call takes half a block or more, none: what a new input or connection and other cells' cache lines
 *   cost (milliseconds; not to be seen beside R-FCN's seconds: second calls of a shape were no faster than first ones)
 *   drowns in such a call, and warming up would double the run.
 * - A faster model is warmed up until it is steady where the input or the connection is new, and by one call at every other visit,
 *   because another cell has run since and the caches are its.
 */
export function warmupSize(known: Familiarity, limits: Limits): { atLeast: number; atMost: number } {
  const full = { atLeast: limits.warmupRequests, atMost: 5 * limits.warmupRequests };
  if (!known.model) return full;
  if (known.callMs !== undefined && known.callMs >= limits.blockMs / 2) return { atLeast: 0, atMost: 0 };
  const one = Math.min(1, limits.warmupRequests);
  return known.input ? { atLeast: one, atMost: one } : full;
}
