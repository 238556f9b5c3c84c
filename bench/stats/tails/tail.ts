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
      /** What the interval was computed from, in words. */
      readonly method: string;
    }
  | {
      readonly ok: false;
      readonly why: string;
      /**
       * How many seconds of measured calls the percentile needs at this rate, over all visits; null if that is not known. If the run is shorter
       * than calls in its queue depend on each other, it takes more: such a run shows too little of that.
       */
      readonly needsSeconds: number | null;
    };

export interface TailOptions {
  /** Of the interval; .95 if absent. */
  readonly level?: number;
}

/** How many independent calls a percentile needs, in all and on the side where fewer are. `bench:truth --part queues` tests these numbers. */
const LEAST = { calls: 40, beyond: 8 };

/** How percentiles under load are computed, for readers of a table. */
export const TAIL_RULE =
  "percentiles under load: calls in a queue depend on each other, so they are worth fewer independent calls. How many is estimated from how " +
  "much whole visits vary (20 or more), or batches of consecutive calls, which end where the server was idle if it ever was. The interval " +
  "follows from that number (Woodruff 1952). A percentile is shown if it is 40 or more, with 8 beyond the percentile";

/**
 * The q-quantile of an open loop's latencies, with an interval that allows for calls that depend on each other in a queue.
 *
 * The share of such calls below a quantile varies more than that of independent calls, by the design effect (`designEffect`). The share has
 * an interval by Student's t; the quantile's interval lies between the quantiles at its two ends (Woodruff 1952). The number of calls divided by
 * the design effect is how many independent calls they are worth, or fewer if few batches show it (Korn and Graubard, Survey Methodology
 * 24, 1998). A quantile with too few of them beyond it is refused. Pure: no random numbers.
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
    const why = `${n} calls depend on each other and are worth ${Math.floor(worth)} independent ones; ${nameOf(q)} needs ${needed}`;
    return { ok: false, why, needsSeconds: worth > 0 && seconds > 0 ? (seconds * needed) / worth : null };
  }
  const half = t * Math.sqrt((effect * q * (1 - q)) / n);
  const end = (share: number) => quantile(sorted, Math.min(1, Math.max(0, share)));
  return { ok: true, ms: quantile(sorted, q), interval: { low: end(q - half), high: end(q + half) }, method };
}

/** `p95`, `p99.9`. */
const nameOf = (q: number) => `p${Number((100 * q).toFixed(2))}`;

/** The part of the computation that is the same for every percentile of a cell. */
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
