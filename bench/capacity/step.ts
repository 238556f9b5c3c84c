import type { Interval } from "../stats/math/estimate.ts";
import { once } from "../stats/math/memo.ts";
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
  /** What failed, by its code; the step's calls end with it. `client`: the client machine or the link did, whatever the server does. */
  readonly failure?: { readonly code: string; readonly message: string; readonly client?: true };
  /** Why the client was no good generator of these calls; absent: it was one. */
  readonly clientFault?: string;
}

/** Why a step says nothing of the server; undefined: it does say something. Pure. */
export const whyUncounted = ({ clientFault, failure }: Pick<Step, "clientFault" | "failure">): string | undefined =>
  clientFault ?? (failure?.client === true ? failure.message : undefined);

/** Slow calls of a step, and the sum of the squares of their clumps' sizes. */
export interface Clumps {
  readonly calls: number;
  readonly squares: number;
}

/** What one step shows. */
export interface StepFacts {
  readonly n: number;
  /** Calls that missed the limit. */
  readonly missed: number;
  readonly clumps: Clumps;
  /** Whether the server fell behind, or so many calls missed the limit that the rate must be far too high. Percentiles then mean nothing. */
  readonly overload: boolean;
  /** Answers a second; those within the limit. Null: too few calls. */
  readonly throughputPerSecond: number | null;
  readonly goodputPerSecond: number | null;
  /** By how much the last third of calls took longer than the first (medians), ms for each second of the step. */
  readonly driftMsPerSecond: number | null;
  /** Null in overload, and, as what else calls took, where the step says nothing of the server. */
  readonly p50Ms: number | null;
  /** The objective's percentile; null in overload and where the calls are too few to tell. */
  readonly tailMs: number | null;
  readonly tail: Interval | null;
}

/** A server keeps a rate if it answers at least this share of it. */
const KEPT = 0.9;
const SLOW = 0.9;
const CLUMP_ENDS = 0.5;

/** Evaluates a step. Pure. */
export const factsOf = (step: Step, slo: Slo): StepFacts => known(slo)(step);
const known = once((slo: Slo) => once((step: Step) => shown(step, slo)));

function shown(step: Step, slo: Slo): StepFacts {
  const { calls, ratePerSecond, failure } = step;
  const counts = whyUncounted(step) === undefined;
  const latencies = calls.map((c) => c.latencyMs);
  const n = latencies.length;
  const missed = latencies.filter((ms) => ms >= slo.limitMs).length;
  const [first, last] = thirds(latencies);
  const spanMs = spanOf(calls);
  const perSecond = (count: number) => (n < 2 || spanMs <= 0 ? null : (1000 * count) / spanMs);
  const throughput = perSecond(n);
  const fellBehind = last >= slo.limitMs && last > 2 * first && (throughput ?? 0) < KEPT * (ratePerSecond ?? 0);
  // Half of the calls that may take longer: no queue within the capacity does that.
  const far = missed > (1 - slo.q / 2) * n && missed > 2;
  const overload = counts && ratePerSecond !== undefined && (failure !== undefined || fellBehind || far);
  const tail = overload || !counts ? undefined : tailOf([calls], slo.q);
  return {
    ...{ n, missed, overload },
    clumps: clumpsOf(latencies, slo.limitMs),
    throughputPerSecond: throughput,
    goodputPerSecond: counts ? perSecond(n - missed) : null,
    driftMsPerSecond: !counts || n < 6 || spanMs <= 0 ? null : ((last - first) * 1500) / spanMs,
    p50Ms: overload || !counts || n === 0 ? null : median(latencies),
    tailMs: tail?.ok === true ? tail.ms : null,
    tail: tail?.ok === true ? tail.interval : null,
  };
}

/** A step's result for the belief; undefined if it says nothing of the rate. @param clump how many calls count as one */
export function evidenceOf(step: Step, { n, missed, overload }: StepFacts, clump: number): Evidence | undefined {
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
 * Finds clumps of slow calls. Calls of one clump are slow for one reason, so they count as fewer. Slow calls are the slowest tenth, or all
 * above the limit if more miss it. A clump ends with a call that is as quick as the quicker half of all calls.
 */
export function clumpsOf(latencies: readonly number[], limitMs: number): Clumps {
  const sorted = Float64Array.from(latencies).sort();
  const above = Math.min(limitMs, quantile(sorted, SLOW));
  const under = Math.min(above, quantile(sorted, CLUMP_ENDS));
  let [size, calls, squares] = [0, 0, 0];
  const close = () => {
    squares += size ** 2;
    size = 0;
  };
  for (const ms of latencies) {
    if (ms >= above && ms > under) {
      size += 1;
      calls += 1;
    } else if (ms <= under) close();
  }
  close();
  return { calls, squares };
}

/** Width of the weight by which other steps' clumps count: the weight falls with the ratio of the rates, and is 0.6 at this ratio. */
const ALIKE = 1.1;
/** The expected size counts like so many clumps that were seen. */
const EXPECTED_CLUMPS = 3;

/**
 * How many missed calls of a step count as one, by the clumps of all steps. The number of missed calls varies by this factor more than that of
 * independent calls (a compound Poisson count of sizes c has the variance of the sum of c², and the mean of the sum of c). Steps of similar
 * rates are taken together: by its own clumps alone, a step that missed few calls by chance would count more than one that missed many.
 *
 * @param expected the expected size of clumps, for as long as few were seen: large clumps are rare, and count the most
 */
export function clumpSize(ratePerSecond: number, all: readonly RatedClumps[], expected = 1): number {
  let [calls, squares] = [EXPECTED_CLUMPS * expected, EXPECTED_CLUMPS * expected ** 2];
  for (const { ratePerSecond: rate, clumps } of all) {
    const weight = Math.exp(-((Math.log(rate / ratePerSecond) / Math.log(ALIKE)) ** 2) / 2);
    calls += weight * clumps.calls;
    squares += weight * clumps.squares;
  }
  return Math.max(1, squares / calls);
}

/** The clumps of a step, and its rate. */
export interface RatedClumps {
  readonly ratePerSecond: number;
  readonly clumps: Clumps;
}
