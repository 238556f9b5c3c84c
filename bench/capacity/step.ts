import type { Interval } from "../stats/math/estimate.ts";
import { median, quantile } from "../stats/math/quantile.ts";
import { type TailCall, tailOf } from "../stats/tails/tail.ts";
import type { Evidence } from "./belief.ts";
import type { Slo } from "./slo.ts";

/** One visit of a search: calls at a rate, or in a closed loop, and how it went. */
export interface Step {
  readonly round: number;
  /** Undefined: a closed loop of so many connections. */
  readonly ratePerSecond: number | undefined;
  readonly connections: number;
  /** Measured calls that were answered, in the order in which they were due. */
  readonly calls: readonly TailCall[];
  /** What failed, by its code; the step's calls end with it. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** Why the client, and not the server, may have made calls late; absent: it did not. */
  readonly clientFault?: string;
}

/** What one step shows. */
export interface StepFacts {
  readonly n: number;
  /** Calls that missed the limit, and how many dependent ones count as one. */
  readonly missed: number;
  readonly clump: number;
  /** Whether calls fell behind until the end, or so many missed that it can be nothing else. No percentile of them means anything. */
  readonly overload: boolean;
  /** Answers a second; those within the limit. Null: too few calls. */
  readonly throughputPerSecond: number | null;
  readonly goodputPerSecond: number | null;
  /** By how much the last third of calls took longer than the first (medians), ms for each second of the step. */
  readonly driftMsPerSecond: number | null;
  /** Null in overload. */
  readonly p50Ms: number | null;
  /** The objective's percentile; null in overload and where the calls are too few to tell. */
  readonly tailMs: number | null;
  readonly tail: Interval | null;
}

/** This many times the share that may miss the limit, and it is no question any more how near the capacity is. */
const FAR = 12;
/** A rate is kept if at least this share of it is answered. */
const KEPT = 0.9;
/** Missed calls are counted by clumps: a clump lasts until a call is as quick as half of all. */
const CLUMP_ENDS = 0.5;
/** With fewer missed calls, clumps are seen from the slowest tenth: the excursions of a queue above any height are alike. */
const LEAST_MISSED = 20;
const SLOW = 0.9;

/** What one step shows. Pure. */
export function factsOf({ calls, ratePerSecond, failure }: Step, slo: Slo): StepFacts {
  const latencies = calls.map((c) => c.latencyMs);
  const n = latencies.length;
  const missed = latencies.filter((ms) => ms >= slo.limitMs).length;
  const [first, last] = thirds(latencies);
  const spanMs = spanOf(calls);
  const perSecond = (count: number) => (n < 2 || spanMs <= 0 ? null : (1000 * count) / spanMs);
  const throughput = perSecond(n);
  const fellBehind = last >= slo.limitMs && last > 2 * first && (throughput ?? 0) < KEPT * (ratePerSecond ?? 0);
  const far = missed > Math.min(0.5, FAR * (1 - slo.q)) * n && missed > 2;
  const overload = ratePerSecond !== undefined && (failure !== undefined || fellBehind || far);
  const tail = overload ? undefined : tailOf([calls], slo.q);
  return {
    ...{ n, missed, overload },
    clump: clumpOf(latencies, slo.limitMs),
    throughputPerSecond: throughput,
    goodputPerSecond: perSecond(n - missed),
    driftMsPerSecond: n < 6 || spanMs <= 0 ? null : ((last - first) * 1500) / spanMs,
    p50Ms: overload || n === 0 ? null : median(latencies),
    tailMs: tail?.ok === true ? tail.ms : null,
    tail: tail?.ok === true ? tail.interval : null,
  };
}

/** What a step answers, for the belief; undefined if it says nothing of the rate. Pure. */
export function evidenceOf(step: Step, { n, missed, clump, overload }: StepFacts): Evidence | undefined {
  const { ratePerSecond } = step;
  if (ratePerSecond === undefined || (n === 0 && !overload)) return undefined;
  return { ratePerSecond, calls: n / clump, missed: missed / clump, overload };
}

/** From when the first call was due until the last answer came. */
function spanOf(calls: readonly TailCall[]): number {
  const end = calls.reduce((most, c) => Math.max(most, c.dueMs + c.latencyMs), 0);
  return calls.length === 0 ? 0 : end - (calls[0] as TailCall).dueMs;
}

function thirds(latencies: readonly number[]): [first: number, last: number] {
  const third = Math.max(1, Math.floor(latencies.length / 3));
  return [median(latencies.slice(0, third)), median(latencies.slice(-third))];
}

/**
 * How many missed calls count as one, because those of one clump have one cause. Of clumps of sizes c, the sum of c² over the sum of c: by so
 * much more than that of independent calls the number of missed ones varies (a compound Poisson count).
 */
export function clumpOf(latencies: readonly number[], limitMs: number): number {
  const sorted = Float64Array.from(latencies).sort();
  const missed = latencies.filter((ms) => ms >= limitMs).length;
  const above = missed >= LEAST_MISSED ? limitMs : Math.min(limitMs, quantile(sorted, SLOW));
  const under = Math.min(above, quantile(sorted, CLUMP_ENDS));
  let [size, sum, squares] = [0, 0, 0];
  const close = () => {
    squares += size ** 2;
    size = 0;
  };
  for (const ms of latencies) {
    if (ms >= above && ms > under) {
      size += 1;
      sum += 1;
    } else if (ms <= under) close();
  }
  close();
  return sum === 0 ? 1 : squares / sum;
}
