import type { Slo } from "./slo.ts";

/** What comes next. `ratePerSecond` undefined: a closed loop. */
export interface NextStep {
  readonly ratePerSecond: number | undefined;
  readonly connections: number;
  /** Measured calls at most, calls at the load before them, and how long the measured part may last. */
  readonly calls: number;
  readonly leadIn: number;
  readonly blockMs: number;
}

/** The closed loops at the beginning: calls (for each connection), and milliseconds, at most. */
const ALONE = { callsEach: 30, ms: 3000 };
const BUSY = { callsEach: 100, ms: 8000 };
/** At least: enough to miss the limit so many times at the capacity. */
const LEAST_MISSES = 3;
/**
 * A step lasts so many times as long as the limit at least, and at most so long. Shorter ones hold too few clumps of slow calls: with 20 limits,
 * steps that met few of them by chance counted too much, and of 150 intervals at a quota 85 % held (with 60: 95 %; as much time over six servers
 * together).
 */
const LEAST_LIMITS = 60;
const LONGEST_STEP_MS = 120_000;
/** Before the measured calls the load runs for so many times the limit, or `leadInCalls`, but no longer than this. */
const LEAD_IN_LIMITS = 20;
const LONGEST_LEAD_IN_MS = 20_000;
/** So many relaxation times after its begin a queue is as long as it gets. */
const RELAXATIONS = 2.5;
/** Connections: so many times what are busy if every call takes as long as the limit. More are never needed where the objective is met. */
const ROOM = 2;
const CONNECTIONS = { least: 4, most: 256 };

/** A closed loop of so many connections: one shows what a call takes alone, several what the server answers at most. Pure. */
export function closedLoop(connections: number): NextStep {
  const { callsEach, ms } = connections === 1 ? ALONE : BUSY;
  return { ratePerSecond: undefined, connections, calls: connections * callsEach, leadIn: 0, blockMs: ms };
}

/** A step at a rate, with so many calls as were wanted as far as that is neither short nor long. Pure. */
export function rateStep(perSecond: number, wanted: number, { q, limitMs }: Slo): NextStep {
  const ratePerSecond = Number(perSecond.toPrecision(4));
  const leadIn = leadInCalls(perSecond, 1 - q, limitMs);
  const least = Math.max(LEAST_MISSES / (1 - q), (LEAST_LIMITS * limitMs * perSecond) / 1000, leadIn);
  const most = (LONGEST_STEP_MS * perSecond) / 1000;
  const calls = Math.ceil(Math.min(Math.max(least, wanted), Math.max(most, LEAST_MISSES / (1 - q))));
  return {
    ratePerSecond,
    connections: connectionsFor(perSecond, limitMs),
    calls,
    leadIn,
    // By the number of calls it ends sooner; if the client is late, by time.
    blockMs: (1500 * calls) / perSecond,
  };
}

/** Enough connections for a rate at which calls take as long as the limit. Pure. */
export function connectionsFor(perSecond: number, limitMs: number): number {
  const busy = Math.ceil((ROOM * perSecond * limitMs) / 1000);
  return Math.min(CONNECTIONS.most, Math.max(CONNECTIONS.least, busy));
}

/**
 * The calls of one relaxation time of a queue: 4 rate² / spare² (M/M/k in heavy traffic; Whitt, "The efficiency of one long run versus independent
 * replications", Management Science 37, 1991). At the capacity, the spare rate is ln(1/alpha) / limit (belief.ts). Pure.
 */
export function relaxationCalls(ratePerSecond: number, alpha: number, limitMs: number): number {
  return 4 * ((ratePerSecond * limitMs) / 1000 / Math.log(alpha)) ** 2;
}

/** Calls before the measured ones: a queue that begins empty is as long as it gets after some relaxation times. Pure. */
export function leadInCalls(ratePerSecond: number, alpha: number, limitMs: number): number {
  const inLimit = (ratePerSecond * limitMs) / 1000;
  const relaxation = relaxationCalls(ratePerSecond, alpha, limitMs);
  const most = (ratePerSecond * LONGEST_LEAD_IN_MS) / 1000;
  return Math.ceil(Math.min(Math.max(LEAD_IN_LIMITS * inLimit, RELAXATIONS * relaxation), most));
}
