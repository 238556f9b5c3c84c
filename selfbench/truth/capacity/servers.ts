import type { TailCall } from "../../../bench/stats/tails/tail.ts";
import type { Random } from "../../../bench/stats/math/random.ts";

/** A simulated server. Times in milliseconds. */
export interface SimulatedServer {
  readonly name: string;
  /** How many calls it works on at the same time. Others wait in the order in which they arrived. */
  readonly workers: number;
  /** Draws the time of one call. */
  service(stream: Random): number;
  /** The mean of its service times, if they are exponential; its theory needs nothing else. */
  readonly exponentialMs?: number;
  /** A CPU quota: how long it may work in each period, over all workers. Then it stands still until the next period. */
  readonly quota?: { readonly periodMs: number; readonly budgetMs: number };
}

/** A running server. It remembers the work that it has still to do. */
export interface Answers {
  /** When a call is answered that arrives at some time, which must not be before the last call's. */
  answer(atMs: number): number;
}

/** Starts a server with an empty queue. */
export function atWork(server: SimulatedServer, stream: Random): Answers {
  const free = new Float64Array(server.workers);
  const throttle = throttled(server.quota);
  return {
    answer(at) {
      let worker = 0;
      for (let w = 1; w < free.length; w++) if ((free[w] as number) < (free[worker] as number)) worker = w;
      const begin = Math.max(at, free[worker] as number);
      const end = throttle(begin, server.service(stream));
      free[worker] = end;
      return end;
    },
  };
}

/** When work that begins at some time is done under a quota. Only for one worker, whose time is the quota's time. */
function throttled(quota: SimulatedServer["quota"]): (begin: number, work: number) => number {
  if (quota === undefined) return (begin, work) => begin + work;
  const { periodMs, budgetMs } = quota;
  let period = -1;
  let left = 0;
  return (begin, work) => {
    let [at, todo] = [begin, work];
    for (;;) {
      const now = Math.floor(at / periodMs + 1e-9);
      if (now > period) [period, left] = [now, budgetMs];
      // Done within this period, or stopped by its end, or by the quota.
      const end = (period + 1) * periodMs;
      const part = Math.min(todo, left, end - at);
      [at, todo, left] = [at + part, todo - part, left - part];
      if (todo <= 1e-9) return at;
      if (left <= 1e-9 || at >= end - 1e-9) at = end;
    }
  };
}

/** Calls of Poisson arrivals at a rate: `n` after a lead-in of `leadIn`. */
export function openLoop(
  answers: Answers,
  stream: Random,
  ratePerSecond: number,
  n: number,
  leadIn: number,
): TailCall[] {
  const calls: TailCall[] = [];
  let at = 0;
  for (let i = 0; i < leadIn + n; i++) {
    at += (-Math.log(1 - stream.uniform()) * 1000) / ratePerSecond;
    const end = answers.answer(at);
    if (i >= leadIn) calls.push({ dueMs: at, latencyMs: end - at });
  }
  return calls;
}

/** Calls of a closed loop: a connection makes its next call when its answer arrives. */
export function closedLoop(answers: Answers, connections: number, n: number, mostMs: number): TailCall[] {
  const calls: TailCall[] = [];
  const idle = new Float64Array(connections);
  while (calls.length < n) {
    let next = 0;
    for (let c = 1; c < connections; c++) if ((idle[c] as number) < (idle[next] as number)) next = c;
    const at = idle[next] as number;
    if (calls.length > 0 && at > mostMs) break;
    const end = answers.answer(at);
    idle[next] = end;
    calls.push({ dueMs: at, latencyMs: end - at });
  }
  return calls;
}

const exponential = (meanMs: number) => (stream: Random) => -Math.log(1 - stream.uniform()) * meanMs;
/** A gamma distribution of shape 25, as a sum: its standard deviation is a fifth of its mean. Detectors' times are so. */
const narrow = (meanMs: number) => (stream: Random) => {
  let sum = 0;
  for (let i = 0; i < 25; i++) sum -= Math.log(1 - stream.uniform());
  return (sum * meanMs) / 25;
};

/** The servers of the study: a mean of 20 ms each. */
export const SERVERS: readonly SimulatedServer[] = [
  { name: "M/M/1", workers: 1, service: exponential(20), exponentialMs: 20 },
  { name: "M/M/4", workers: 4, service: exponential(20), exponentialMs: 20 },
  { name: "M/D/1", workers: 1, service: () => 20 },
  { name: "M/G/2, times vary by 20 %", workers: 2, service: narrow(20) },
  {
    name: "two modes, 5 % of calls take 6 times as long",
    workers: 2,
    service: (stream) => (stream.uniform() < 0.05 ? 96 : 16),
  },
  {
    name: "a quota of 70 % of a processor",
    workers: 1,
    service: narrow(20),
    quota: { periodMs: 100, budgetMs: 70 },
  },
];
