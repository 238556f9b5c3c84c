import type { Interval } from "../stats/math/estimate.ts";
import { incompleteBeta } from "../stats/math/special.ts";
import { type Belief, capacityQuantiles, learn, priorBelief, steepnessAt } from "./belief.ts";
import type { Slo } from "./slo.ts";
import { type RatedClumps, type Step, type StepFacts, clumpSize, evidenceOf, factsOf } from "./step.ts";

/** What a search is asked for. */
export interface SearchOptions {
  readonly slo: Slo;
  /** How far the ends of the 95 % interval may lie from the capacity, as a fraction of it. */
  readonly precision: number;
  /** Connections that a closed loop takes to keep the server busy. */
  readonly busyConnections: number;
}

/** What comes next. `ratePerSecond` undefined: a closed loop. */
export interface NextStep {
  readonly ratePerSecond: number | undefined;
  readonly connections: number;
  /** Measured calls at most, calls at the load before them, and how long the measured part may last. */
  readonly calls: number;
  readonly leadIn: number;
  readonly blockMs: number;
}

/**
 * How a search ended. `found`: as precisely as was asked for. `none`: no rate meets the objective, a call alone misses it. `client`: the client
 * cannot make calls as fast as the server answers them. `failed`: calls failed though the rate was low. `open`: it has not ended.
 */
export type Outcome = "found" | "none" | "client" | "failed" | "open";

/** What a search has found so far. */
export interface Capacity {
  readonly outcome: Outcome;
  /** Calls a second: the median of what is believed, and 95 % of it. Null before the first step at a rate. */
  readonly perSecond: number | null;
  readonly interval: Interval | null;
  /** What the interval has reached of what was asked for, as a fraction of the capacity. */
  readonly precision: number | null;
  /** The median of one call after the other, and the highest throughput of a closed loop. */
  readonly aloneMs: number | null;
  readonly throughputPerSecond: number | null;
  readonly why?: string;
}

/** A search after some steps: what it has found, what each step showed, and what comes next where it goes on. */
export interface Search {
  readonly capacity: Capacity;
  readonly facts: readonly StepFacts[];
  readonly next?: NextStep;
}

/** The two closed loops at the beginning: calls, and milliseconds, at most. */
const ALONE = { calls: 30, ms: 3000 };
const BUSY = { callsEach: 100, ms: 4000 };
/** At this chance that so many calls miss the limit by accident, no rate meets the objective. */
const SURELY = 0.001;
/** A step's calls: those that would tell as much as is known already, and so many times more, as not every step is at the capacity. */
const MORE = 2;
/** At least: enough to miss the limit so many times at the capacity. */
const LEAST_MISSES = 3;
/** A step lasts so many times as long as the limit at least, so that a queue can be seen to grow; and at most so long. */
const LEAST_LIMITS = 20;
const LONGEST_STEP_MS = 120_000;
/** Before the measured calls the load runs for so many times the limit, or `leadInCalls`, but no longer than this. */
const LEAD_IN_LIMITS = 10;
const LONGEST_LEAD_IN_MS = 20_000;
/** So many relaxation times after its begin a queue is as long as it gets. */
const RELAXATIONS = 2.5;
/** Clumps of missed calls are expected to be so many relaxation times long: 1 to 3 were seen at simulated servers. */
const CLUMP_RELAXATIONS = 1.5;
/** Connections: so many times what are busy if every call takes as long as the limit. More are never needed where the objective is met. */
const ROOM = 2;
const CONNECTIONS = { least: 4, most: 256 };
/** After so many steps at a rate a search is given up: its server is not the same from step to step. */
const MOST_STEPS = 80;

/** Where a search stands after its steps. The same steps give the same answer, so a report needs only the records. Pure. */
export function searchOf(steps: readonly Step[], options: SearchOptions): Search {
  const { slo, precision } = options;
  const facts = steps.map((step) => factsOf(step, slo));
  const [alone, busy] = [facts[0], facts[1]];
  const aloneMs = alone?.p50Ms ?? null;
  const throughputPerSecond = busy === undefined ? null : highestThroughput(facts);
  const found = { perSecond: null, interval: null, precision: null, aloneMs, throughputPerSecond };
  const ended = (outcome: Outcome, why: string) => ({ capacity: { ...found, outcome, why }, facts });
  const open = (next: NextStep) => ({ capacity: { ...found, outcome: "open" as const }, facts, next });
  if (alone === undefined) return open(closedLoop(1, ALONE.calls, ALONE.ms));
  const failure = [steps[0], steps[1]].find((s) => s?.failure !== undefined)?.failure;
  if (failure !== undefined) return ended("failed", `${failure.code}: ${failure.message}`);
  if (alone.n > 0 && atLeast(alone.missed, alone.n, 1 - slo.q) < SURELY)
    return ended("none", `alone, ${alone.missed} of ${alone.n} calls take ${slo.limitMs} ms or longer`);
  if (busy === undefined)
    return open(closedLoop(options.busyConnections, options.busyConnections * BUSY.callsEach, BUSY.ms));
  if (throughputPerSecond === null) return ended("failed", "no answer came in a closed loop");

  const alpha = 1 - slo.q;
  const clumps = clumpsOfSteps(steps, facts);
  const belief = believed(steps, facts, clumps, throughputPerSecond, slo);
  const [low, middle, high] = capacityQuantiles(belief, [0.025, 0.5, 0.975]) as [number, number, number];
  const reached = Math.sqrt(high / low) - 1;
  const tried = steps.filter((s) => s.ratePerSecond !== undefined);
  const capacity = {
    ...found,
    ...(tried.length > 0 && { perSecond: middle, interval: { low, high }, precision: reached }),
  };
  const clientFaults = tried.filter((s) => s.clientFault !== undefined);
  if (clientFaults.length > 1)
    return { facts, capacity: { ...capacity, outcome: "client", why: clientFaults.at(-1)?.clientFault ?? "" } };
  if (reached <= precision) return { facts, capacity: { ...capacity, outcome: "found" } };
  if (tried.length >= MOST_STEPS)
    return { facts, capacity: { ...capacity, outcome: "open", why: `${MOST_STEPS} steps were not enough` } };
  const sd = Math.log(high / low) / 3.92;
  // Fisher's information of a share, at the capacity: so many calls tell as much as is known already, or what is lacking if that is less.
  const lacking = Math.min(1 / sd ** 2, (1.96 / Math.log1p(precision)) ** 2 - 1 / sd ** 2);
  const calls =
    (MORE * lacking * expectedClumps(middle, clumps, slo)) /
    (steepnessAt(middle / throughputPerSecond, alpha) ** 2 * alpha);
  return { facts, capacity: { ...capacity, outcome: "open" }, next: rateStep(middle, calls, slo) };
}

function highestThroughput(facts: readonly StepFacts[]): number | null {
  const seen = facts.flatMap((f) => f.throughputPerSecond ?? []);
  return seen.length === 0 ? null : Math.max(...seen);
}

/** Clumps of the steps at a rate that were not overloaded. */
function clumpsOfSteps(steps: readonly Step[], facts: readonly StepFacts[]): RatedClumps[] {
  return steps.flatMap(({ ratePerSecond }, i) => {
    const { overload, clumps } = facts[i] as StepFacts;
    return ratePerSecond === undefined || overload ? [] : [{ ratePerSecond, clumps }];
  });
}

/** The size of clumps at a rate, by what was seen and what is expected. */
function expectedClumps(ratePerSecond: number, seen: readonly RatedClumps[], { q, limitMs }: Slo): number {
  return clumpSize(ratePerSecond, seen, 1 + CLUMP_RELAXATIONS * relaxationCalls(ratePerSecond, 1 - q, limitMs));
}

/** What is believed after all steps. A step whose calls the client made late says nothing of the server. */
function believed(
  steps: readonly Step[],
  facts: readonly StepFacts[],
  clumps: readonly RatedClumps[],
  throughput: number,
  slo: Slo,
): Belief {
  const evidence = steps.flatMap((step, i) => {
    if (step.ratePerSecond === undefined || step.clientFault !== undefined) return [];
    return evidenceOf(step, facts[i] as StepFacts, expectedClumps(step.ratePerSecond, clumps, slo)) ?? [];
  });
  return evidence.reduce(learn, priorBelief(throughput, 1 - slo.q));
}

const closedLoop = (connections: number, calls: number, blockMs: number): NextStep => ({
  ...{ ratePerSecond: undefined, connections, calls, leadIn: 0, blockMs },
});

/** A step at the rate that is as likely too high as too low, with so many calls as far as that is neither short nor long. */
function rateStep(middle: number, wanted: number, { q, limitMs }: Slo): NextStep {
  const ratePerSecond = Number(middle.toPrecision(4));
  const leadIn = leadInCalls(middle, 1 - q, limitMs);
  const least = Math.max(LEAST_MISSES / (1 - q), (LEAST_LIMITS * limitMs * middle) / 1000, leadIn);
  const most = (LONGEST_STEP_MS * middle) / 1000;
  const calls = Math.ceil(Math.min(Math.max(least, wanted), Math.max(most, LEAST_MISSES / (1 - q))));
  const busy = Math.ceil((ROOM * middle * limitMs) / 1000);
  return {
    ratePerSecond,
    connections: Math.min(CONNECTIONS.most, Math.max(CONNECTIONS.least, busy)),
    calls,
    leadIn,
    // By the number of calls it ends sooner; if the client is late, by time.
    blockMs: (1500 * calls) / middle,
  };
}

/**
 * The calls of one relaxation time of a queue: 4 rate² / spare² (M/M/k in heavy traffic; Whitt, "The efficiency of one long run versus independent
 * replications", Management Science 37, 1991). At the capacity, the spare rate is ln(1/alpha) / limit (belief.ts).
 */
function relaxationCalls(ratePerSecond: number, alpha: number, limitMs: number): number {
  return 4 * ((ratePerSecond * limitMs) / 1000 / Math.log(alpha)) ** 2;
}

/** Calls before the measured ones: a queue that begins empty is as long as it gets after some relaxation times. */
export function leadInCalls(ratePerSecond: number, alpha: number, limitMs: number): number {
  const inLimit = (ratePerSecond * limitMs) / 1000;
  const relaxation = relaxationCalls(ratePerSecond, alpha, limitMs);
  const most = (ratePerSecond * LONGEST_LEAD_IN_MS) / 1000;
  return Math.ceil(Math.min(Math.max(LEAD_IN_LIMITS * inLimit, RELAXATIONS * relaxation), most));
}

/** The chance of `k` or more of `n` where each has the chance `p`. */
function atLeast(k: number, n: number, p: number): number {
  return k === 0 ? 1 : incompleteBeta(p, k, n - k + 1);
}
