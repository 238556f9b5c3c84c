import { type NextStep, leadInCalls } from "../../../bench/capacity/next-step.ts";
import { type Capacity, type SearchOptions, searchOf } from "../../../bench/capacity/search.ts";
import type { Step } from "../../../bench/capacity/step.ts";
import type { Random } from "../../../bench/stats/math/random.ts";
import { type SimulatedServer, atWork, closedLoop, openLoop } from "./servers.ts";

/** A search, or a sweep, of a simulated server. */
export interface Trial {
  readonly capacity: Capacity;
  readonly steps: readonly Step[];
  /** Simulated time that its calls took. */
  readonly seconds: number;
}

/** Makes one step at a simulated server that is idle when it begins. */
export function simulatedStep(server: SimulatedServer, stream: Random, next: NextStep, round: number) {
  const { ratePerSecond, connections } = next;
  const answers = atWork(server, stream);
  const calls =
    ratePerSecond === undefined
      ? closedLoop(answers, connections, next.calls, next.blockMs)
      : openLoop(answers, stream, ratePerSecond, next.calls, next.leadIn);
  const seconds = calls.reduce((most, c) => Math.max(most, c.dueMs + c.latencyMs), 0) / 1000;
  return { step: { round, ratePerSecond, connections, calls } satisfies Step, seconds };
}

/** A search to its end. */
export function simulatedSearch(server: SimulatedServer, stream: Random, options: SearchOptions): Trial {
  const steps: Step[] = [];
  let seconds = 0;
  for (;;) {
    const { capacity, next } = searchOf(steps, options);
    if (next === undefined) return { capacity, steps, seconds };
    const made = simulatedStep(server, stream, next, steps.length);
    steps.push(made.step);
    seconds += made.seconds;
  }
}

/** Steps of a linear sweep: at so many rates, evenly apart, up to the highest throughput. */
export const SWEEP_STEPS = 10;

/**
 * A linear sweep of ten steps of equal length, up to the throughput of the closed loops. The same statistics as a search's find the capacity from
 * all of its steps.
 */
export function simulatedSweep(
  server: SimulatedServer,
  stream: Random,
  options: SearchOptions,
  pilots: readonly Step[],
  stepSeconds: number,
): Trial {
  const { throughputPerSecond } = searchOf(pilots, options).capacity;
  const steps = [...pilots];
  let seconds = 0;
  for (let i = 1; i <= SWEEP_STEPS; i++) {
    const ratePerSecond = ((throughputPerSecond ?? 1) * i) / SWEEP_STEPS;
    const calls = Math.ceil(stepSeconds * ratePerSecond);
    const leadIn = leadInCalls(ratePerSecond, 1 - options.slo.q, options.slo.limitMs);
    const next = { ratePerSecond, connections: 1, calls, leadIn, blockMs: Infinity };
    const made = simulatedStep(server, stream, next, steps.length);
    steps.push(made.step);
    seconds += made.seconds;
  }
  return { capacity: searchOf(steps, options).capacity, steps, seconds };
}
