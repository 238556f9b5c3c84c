import type { Interval } from "../math/estimate.ts";
import { quantile } from "../math/quantile.ts";
import { betaQuantile, fTail, normalQuantile, studentQuantile } from "../math/special.ts";
import { type Batch, type TailCall, batchesOf } from "./batches.ts";

export type { TailCall } from "./batches.ts";

/** A percentile of calls under load, or why there is none. */
export type Tail =
  | {
      readonly ok: true;
      readonly ms: number;
      readonly interval: Interval;
      /** From what the interval was made, in words. */
      readonly method: string;
    }
  | {
      readonly ok: false;
      readonly why: string;
      /** How many seconds of measured calls it would take at this rate, all visits together; null if that cannot be told. */
      readonly needsSeconds: number | null;
    };

export interface TailOptions {
  /** Of the interval; .95 if absent. */
  readonly level?: number;
}

/** So many visits show by themselves how much a percentile varies; fewer are cut into about so many batches (Schmeiser 1982). */
const VISITS_ENOUGH = 10;
const BATCHES = 24;
/** So many independent calls must lie beyond a percentile, on the side where fewer are. `bench:truth --part queues` shows why. */
const LEAST_BEYOND = 8;
/** Chance at which visits are said to differ more than their batches do. */
const DIFFER = 0.05;

/** How tails under load are told, for readers of a table. */
export const TAIL_RULE =
  "percentiles under load: calls that queue depend on each other. How much a percentile varies is seen from whole visits (10 or more), " +
  "or from batches of consecutive calls, which end where the server was idle if it ever was. They tell how many independent calls these " +
  "are worth, and the interval follows from that number (Korn and Graubard 1998). A percentile is shown if 8 such calls lie beyond it";

/**
 * The q-quantile of the latencies of an open loop's calls, with an interval that knows that calls which queue depend on each other.
 *
 * The share of calls below a percentile varies more than that of independent calls. By how much (the design effect) is seen from
 * batches; calls divided by it are worth so many independent ones, fewer for the few batches (Korn and Graubard, Survey Methodology
 * 24, 1998). The ends are quantiles of the calls at the ends of a Jeffreys interval of that share (Woodruff 1952 for the inversion).
 * Pure, and without chance: the same calls give the same answer.
 *
 * @param visits measured calls of each visit to one cell, at one load; latencies count from when calls were due
 * @param q between 0 and 1: .99 for p99
 */
export function tailOf(visits: readonly (readonly TailCall[])[], q: number, { level = 0.95 }: TailOptions = {}): Tail {
  const made = visits.filter((v) => v.length > 0).map((v) => v.toSorted((a, b) => a.dueMs - b.dueMs));
  const sorted = Float64Array.from(made.flatMap((v) => v.map((c) => c.latencyMs))).sort();
  const n = sorted.length;
  if (n === 0) return { ok: false, why: "no call was measured", needsSeconds: null };
  const ms = quantile(sorted, q);
  const rare = Math.min(q, 1 - q);
  const worth = worthOf(made, ms, q, level);
  const needed = Math.ceil(LEAST_BEYOND / rare);
  if (worth.calls < needed) {
    const seconds = made.reduce((sum, v) => sum + secondsOf(v), 0);
    const why = `${n} calls that depend on each other are worth ${Math.floor(worth.calls)} independent ones; a ${nameOf(q)} takes ${needed}`;
    return { ok: false, why, needsSeconds: worth.calls > 0 && seconds > 0 ? (seconds * needed) / worth.calls : null };
  }
  const below = q * worth.calls + 0.5;
  const above = (1 - q) * worth.calls + 0.5;
  const end = (p: number) => quantile(sorted, betaQuantile(p, below, above));
  return { ok: true, ms, interval: { low: end((1 - level) / 2), high: end((1 + level) / 2) }, method: worth.method };
}

/** `p95`, `p99.9`. */
const nameOf = (q: number) => `p${Number((100 * q).toFixed(2))}`;

/** How long a visit lasted: from its first due time to the time at which a further call would have been due. */
function secondsOf(calls: readonly TailCall[]): number {
  const [first, last] = [calls[0] as TailCall, calls.at(-1) as TailCall];
  return calls.length < 2 ? 0 : ((last.dueMs - first.dueMs) * calls.length) / (calls.length - 1) / 1000;
}

interface Worth {
  /** So many independent calls say as much. */
  readonly calls: number;
  readonly method: string;
}

function worthOf(visits: readonly (readonly TailCall[])[], ms: number, q: number, level: number): Worth {
  const whole = batchesOf(visits, 1);
  if (visits.length >= VISITS_ENOUGH) return worthBy(whole, ms, q, level, `${visits.length} visits`);
  const batches = batchesOf(visits, BATCHES).filter((b) => b.latenciesMs.length > 0);
  return visits.length > 1 && visitsDiffer(batches, whole, ms, q)
    ? worthBy(whole, ms, q, level, `${visits.length} visits, which differ`)
    : worthBy(batches, ms, q, level, `${batches.length} batches of calls`);
}

/** Of each batch: its calls, and by how many more than expected lie at or below the quantile. */
function excesses(batches: readonly Batch[], ms: number, q: number): { n: number; excess: number }[] {
  return batches.map(({ latenciesMs }) => {
    let below = 0;
    for (const latency of latenciesMs) if (latency <= ms) below++;
    return { n: latenciesMs.length, excess: below - q * latenciesMs.length };
  });
}

function worthBy(batches: readonly Batch[], ms: number, q: number, level: number, method: string): Worth {
  const count = batches.length;
  if (count < 2) return { calls: 0, method };
  const own = excesses(batches, ms, q);
  const n = own.reduce((sum, b) => sum + b.n, 0);
  const mean = own.reduce((sum, b) => sum + b.excess, 0) / n;
  const squares = own.reduce((sum, b) => sum + (b.excess - mean * b.n) ** 2, 0);
  const effect = Math.max(1, (squares * count) / (count - 1) / (n * q * (1 - q)));
  const known = normalQuantile((1 + level) / 2) / studentQuantile((1 + level) / 2, count - 1);
  return { calls: (n / effect) * known ** 2, method };
}

/** Whether visits differ more than their batches explain (analysis of variance). */
function visitsDiffer(batches: readonly Batch[], whole: readonly Batch[], ms: number, q: number): boolean {
  const own = excesses(batches, ms, q);
  const visits = excesses(whole, ms, q);
  const all = visits.reduce((sum, v) => ({ n: sum.n + v.n, excess: sum.excess + v.excess }), { n: 0, excess: 0 });
  const squares = (of: readonly { n: number; excess: number }[]) => of.reduce((sum, b) => sum + b.excess ** 2 / b.n, 0);
  const [above, below] = [visits.length - 1, batches.length - visits.length];
  const between = (squares(visits) - all.excess ** 2 / all.n) / above;
  const within = (squares(own) - squares(visits)) / below;
  return below > 0 && within > 0 && fTail(between / within, above, below) < DIFFER;
}
