import type { Interval } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import { quantile } from "../math/quantile.ts";
import { normalQuantile, studentQuantile } from "../math/special.ts";
import { type Course, type TailCall, courseOf } from "./batches.ts";
import { designEffect } from "./worth.ts";

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
      /**
       * How many seconds of measured calls it would take at this rate, all visits together; null if that cannot be told. It is more if the
       * run is shorter than its queue remembers: then it shows too little of how calls depend on each other.
       */
      readonly needsSeconds: number | null;
    };

export interface TailOptions {
  /** Of the interval; .95 if absent. */
  readonly level?: number;
}

/** So many independent calls there must be in all, and beyond a percentile on the side where fewer are: `bench:truth --part queues` tries it. */
const LEAST = { calls: 40, beyond: 8 };

/** How tails under load are told, for readers of a table. */
export const TAIL_RULE =
  "percentiles under load: calls that queue depend on each other. How much a percentile varies is seen from whole visits (20 or more), " +
  "or from batches of consecutive calls, which end where the server was idle if it ever was. They tell how many independent calls these " +
  "are worth, and the interval follows from that number (Woodruff 1952). A percentile is shown if these are 40 or more, and 8 lie beyond it";

/**
 * The q-quantile of the latencies of an open loop's calls, with an interval that knows that calls which queue depend on each other.
 *
 * The share of calls below a quantile varies more than that of independent calls (`designEffect`). Its interval is Student's t, and the
 * quantile's ends are the quantiles at the ends of that (Woodruff 1952). Calls divided by the design effect are worth so many
 * independent ones, fewer if few batches show it (Korn and Graubard, Survey Methodology 24, 1998); a quantile that leaves too few of
 * them beyond it is refused. Pure, and without chance: the same calls give the same answer.
 *
 * @param visits measured calls of each visit to one cell, at one load; latencies count from when calls were due
 * @param q between 0 and 1: .99 for p99
 */
export function tailOf(visits: readonly (readonly TailCall[])[], q: number, { level = 0.95 }: TailOptions = {}): Tail {
  const { courses, sorted, seconds } = prepared(visits);
  const n = sorted.length;
  if (n === 0) return { ok: false, why: "no call was measured", needsSeconds: null };
  const { effect, cautious, parts, method } = designEffect(courses, sorted, q);
  const t = parts === 0 ? Infinity : studentQuantile((1 + level) / 2, parts - 1);
  const worth = (n / cautious) * (normalQuantile((1 + level) / 2) / t) ** 2 || 0;
  const needed = Math.max(LEAST.calls, Math.ceil(LEAST.beyond / Math.min(q, 1 - q) - 1e-9));
  if (worth < needed) {
    const why = `${n} calls that depend on each other are worth ${Math.floor(worth)} independent ones; a ${nameOf(q)} takes ${needed}`;
    return { ok: false, why, needsSeconds: worth > 0 && seconds > 0 ? (seconds * needed) / worth : null };
  }
  const half = t * Math.sqrt((effect * q * (1 - q)) / n);
  const end = (share: number) => quantile(sorted, Math.min(1, Math.max(0, share)));
  return { ok: true, ms: quantile(sorted, q), interval: { low: end(q - half), high: end(q + half) }, method };
}

/** `p95`, `p99.9`. */
const nameOf = (q: number) => `p${Number((100 * q).toFixed(2))}`;

/** What of a cell's visits is the same for every percentile. */
const prepared = once((visits: readonly (readonly TailCall[])[]) => {
  const courses: readonly Course[] = visits.filter((v) => v.length > 0).map(courseOf);
  const sorted = new Float64Array(courses.reduce((sum, c) => sum + c.latenciesMs.length, 0));
  let at = 0;
  for (const { latenciesMs } of courses) {
    sorted.set(latenciesMs, at);
    at += latenciesMs.length;
  }
  return { courses, sorted: sorted.sort(), seconds: courses.reduce((sum, c) => sum + c.seconds, 0) };
});
