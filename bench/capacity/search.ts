import type { Interval } from "../stats/math/estimate.ts";
import { incompleteBeta } from "../stats/math/special.ts";
import { type Belief, capacityQuantiles, learn, priorBelief, steepnessAt } from "./belief.ts";
import { type NextStep, closedLoop, rateStep, relaxationCalls } from "./next-step.ts";
import type { Slo } from "./slo.ts";
import { type RatedClumps, type Step, type StepFacts, clumpSize, evidenceOf, factsOf, whyUncounted } from "./step.ts";

/** What a search is asked for. */
export interface SearchOptions {
  readonly slo: Slo;
  /** How far the ends of the 95 % interval may lie from the capacity, as a fraction of it. */
  readonly precision: number;
  /** Connections that a closed loop takes to keep the server busy. */
  readonly busyConnections: number;
  /** The first round of this session. What ended an earlier session's search (a dead server, a busy client) does not end this one. Absent: 0. */
  readonly sinceRound?: number;
}

/**
 * How a search ended. `found`: as precisely as was asked for. `none`: no rate meets the objective, a call alone misses it. `client`: the client
 * machine cannot make calls as they are due. `failed`: calls failed though the rate was low. `open`: it has not ended.
 */
export type Outcome = "found" | "none" | "client" | "failed" | "open";

/** What a search has found so far. */
export interface Capacity {
  readonly outcome: Outcome;
  /** Calls a second: the median of what is believed, and 95 % of it. Null before the first step at a rate that counts. */
  readonly perSecond: number | null;
  readonly interval: Interval | null;
  /** What the interval has reached of what was asked for, as a fraction of the capacity. */
  readonly precision: number | null;
  /** The median of one call after the other, and the highest throughput that was seen. */
  readonly aloneMs: number | null;
  readonly throughputPerSecond: number | null;
  readonly why?: string;
}

/** A search after some steps: what it has found, what each step showed, and what comes next where it goes on. */
export interface Search {
  readonly capacity: Capacity;
  readonly facts: readonly StepFacts[];
  readonly next?: NextStep;
  /** Why the last step says nothing of the server, where that is so: another is made in its place. */
  readonly uncounted?: string;
}

/** No rate meets the objective if calls one after the other miss the limit so often that this is the chance of it at a server that meets it. */
const SURELY = 0.001;
/** A step makes so many times the calls that would tell as much as is known already: not every step is at the capacity. */
const MORE = 2;
/** Of a step's throughput so many standard deviations are taken off: a short step may be quick by chance. */
const SURE = 2;
/** Clumps of missed calls are expected to be so many relaxation times long: 1 to 3 were seen at simulated servers. */
const CLUMP_RELAXATIONS = 1.5;
/** A search is given up after so many steps at a rate: its server is not the same from step to step. */
export const MOST_STEPS = 80;
/**
 * When the client machine is the limit: after so many steps in a row that say nothing of the server, or after more than so many in all, if they
 * are most of the steps. The last try in a row asks for this share of the rate: a client that is only too slow for the rate can then show something.
 */
const TRIES = { row: 3, all: 6, easier: 0.7 };

/** Where a search stands after its steps. The same steps give the same answer, so a report needs only the records. Pure. */
export function searchOf(steps: readonly Step[], options: SearchOptions): Search {
  const { slo, precision, sinceRound = 0 } = options;
  const facts = steps.map((step) => factsOf(step, slo));
  const loops = steps.flatMap((step, i) => (isClosed(step) && step.failure === undefined ? [{ step, i }] : []));
  const closed = (one: boolean) => facts[loops.find(({ step }) => one === (step.connections === 1))?.i ?? -1];
  const [alone, busy, last] = [closed(true), closed(false), steps.at(-1)];
  const throughputPerSecond = busy === undefined ? null : mostThroughput(busy, facts);
  const found = {
    perSecond: null,
    interval: null,
    precision: null,
    aloneMs: alone?.p50Ms ?? null,
    throughputPerSecond,
  };
  const uncounted = last === undefined || isClosed(last) ? undefined : whyUncounted(last);
  const ended = (outcome: Outcome, why: string, known = {}) => ({
    capacity: { ...found, ...known, outcome, why },
    facts,
  });
  const open = (next: NextStep, known = {}) => ({
    ...{ capacity: { ...found, ...known, outcome: "open" as const }, facts, next },
    ...(uncounted !== undefined && { uncounted }),
  });
  const belief = throughputPerSecond === null ? undefined : believed(steps, facts, throughputPerSecond, slo);
  const known = belief?.known;

  if (isClosed(last) && last?.failure !== undefined && last.round >= sinceRound)
    return ended("failed", `${last.failure.code}: ${last.failure.message}`, known);
  if (alone === undefined) return open(closedLoop(1));
  if (alone.n > 0 && atLeast(alone.missed, alone.n, 1 - slo.q) < SURELY)
    return ended("none", `alone, ${alone.missed} of ${alone.n} calls take ${slo.limitMs} ms or longer`);
  if (busy === undefined) return open(closedLoop(options.busyConnections));
  if (throughputPerSecond === null || belief === undefined) return ended("failed", "no answer came in a closed loop");
  if (known !== undefined && known.precision <= precision)
    return { capacity: { ...found, ...known, outcome: "found" }, facts };
  const tried = steps.filter((step) => !isClosed(step));
  const { why, inRow } = clientIsLimit(tried.filter((step) => step.round >= sinceRound));
  if (why !== undefined) return ended("client", why, known);
  if (tried.length >= MOST_STEPS) return ended("open", `${MOST_STEPS} steps were not enough`, known);
  // Was the rate too high, or is the server gone? One call after the other tells.
  if (last?.failure !== undefined && !isClosed(last)) return open(closedLoop(1), known);
  const share = inRow === TRIES.row - 1 ? TRIES.easier : 1;
  return open(rateStep(share * belief.middle, share * belief.calls(precision), slo), known);
}

const isClosed = (step: Step | undefined) => step !== undefined && step.ratePerSecond === undefined;

/** Whether the client machine ends a search, and how many of the last steps in a row say nothing of the server. @param tried steps at a rate */
function clientIsLimit(tried: readonly Step[]): { readonly why?: string; readonly inRow: number } {
  const whys = tried.map(whyUncounted);
  const inRow = whys.length - 1 - whys.findLastIndex((why) => why === undefined);
  const all = whys.filter((why) => why !== undefined).length;
  if (inRow < TRIES.row && (all <= TRIES.all || 2 * all <= whys.length)) return { inRow };
  const extent = inRow >= TRIES.row ? `${inRow} steps in a row` : `${all} of ${whys.length} steps`;
  const reason = whys.findLast((why) => why !== undefined) ?? "";
  return { inRow, why: `${extent} say nothing of the server, the last one because ${reason}` };
}

/**
 * What a server answers at most, a second: the throughput of many calls at once, or what another step had for sure. The highest of all that was
 * seen would be that of a short step by chance, and how steep the server is expected to be follows from it.
 */
function mostThroughput(busy: StepFacts, facts: readonly StepFacts[]): number | null {
  const sure = facts.flatMap(({ throughputPerSecond: t, n }) => (t === null ? [] : [t * (1 - SURE / Math.sqrt(n))]));
  const most = Math.max(busy.throughputPerSecond ?? 0, ...sure);
  return most > 0 ? most : null;
}

/** What is believed after all steps but those that say nothing of the server. */
function believed(steps: readonly Step[], facts: readonly StepFacts[], throughput: number, slo: Slo) {
  const alpha = 1 - slo.q;
  const rated = steps.flatMap((step, i) => {
    const { ratePerSecond } = step;
    const own = facts[i] as StepFacts;
    if (ratePerSecond === undefined || whyUncounted(step) !== undefined) return [];
    // A step that failed says that its rate was too high only if the server answers calls one by one afterwards.
    const after = steps[i + 1];
    if (step.failure !== undefined && (!isClosed(after) || after?.failure !== undefined)) return [];
    return [{ step, own, ratePerSecond }];
  });
  const clumps: RatedClumps[] = rated.flatMap(({ ratePerSecond, own }) =>
    own.overload ? [] : [{ ratePerSecond, clumps: own.clumps }],
  );
  const clump = (rate: number) =>
    clumpSize(rate, clumps, 1 + CLUMP_RELAXATIONS * relaxationCalls(rate, alpha, slo.limitMs));
  const evidence = rated.flatMap(({ step, own, ratePerSecond }) => evidenceOf(step, own, clump(ratePerSecond)) ?? []);
  const belief = evidence.reduce<Belief>(learn, priorBelief(throughput, alpha));
  const [low, middle, high] = capacityQuantiles(belief, [0.025, 0.5, 0.975]) as [number, number, number];
  return {
    middle,
    ...(evidence.length > 0 && {
      known: { perSecond: middle, interval: { low, high }, precision: Math.sqrt(high / low) - 1 },
    }),
    /** Calls of the next step. Fisher's information of a share, at the capacity: as much as is known already, or what is lacking if that is less. */
    calls(precision: number): number {
      const sd = Math.log(high / low) / 3.92;
      const lacking = Math.min(1 / sd ** 2, (1.96 / Math.log1p(precision)) ** 2 - 1 / sd ** 2);
      return (MORE * lacking * clump(middle)) / (steepnessAt(middle / throughput, alpha) ** 2 * alpha);
    },
  };
}

/** The chance of `k` or more of `n` where each has the chance `p`. */
function atLeast(k: number, n: number, p: number): number {
  return k === 0 ? 1 : incompleteBeta(p, k, n - k + 1);
}
