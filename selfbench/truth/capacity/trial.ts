import { type NextStep, closedLoop as closedLoopStep } from "../../../bench/capacity/next-step.ts";
import { type Capacity, type SearchOptions, searchOf } from "../../../bench/capacity/search.ts";
import type { Step } from "../../../bench/capacity/step.ts";
import { quantile } from "../../../bench/stats/math/quantile.ts";
import { type Random, random } from "../../../bench/stats/math/random.ts";
import { type SimulatedServer, atWork, closedLoop, openLoop } from "./servers.ts";
import { sweepSteps } from "./sweep.ts";

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

/** A linear sweep, closed loops and lead-ins included. */
export function simulatedSweep(
  server: SimulatedServer,
  stream: Random,
  options: SearchOptions,
  stepSeconds: number,
): Pick<Trial, "steps" | "seconds"> {
  const steps: Step[] = [];
  let seconds = 0;
  const make = (next: NextStep) => {
    const made = simulatedStep(server, stream, next, steps.length);
    steps.push(made.step);
    seconds += made.seconds;
  };
  for (const connections of [1, options.busyConnections]) make(closedLoopStep(connections));
  const { throughputPerSecond } = searchOf(steps, options).capacity;
  sweepSteps(throughputPerSecond ?? 1, stepSeconds, options.slo).forEach(make);
  return { steps, seconds };
}

/** A sweep's steps, and what it takes in all. */
export interface SweepLength {
  readonly stepSeconds: number;
  readonly seconds: number;
}

/** Steps at first, in limits of the SLO. */
const FIRST_STEP = 200;
/** So many sweeps show how precise those of a length are; so many of them must be as precise as asked for. A search always is. */
const SWEEPS = { made: 20, precise: 0.9 };
/** The length is found to so much: by a factor, in so many tries at most. */
const FOUND = { factor: 1.05, tries: 5 };

/** The length of sweeps that are as precise as a search is asked to be, by its own statistics over all steps. The same arguments give the same result. */
export function sweepAsPrecise(server: SimulatedServer, options: SearchOptions): SweepLength {
  let stepSeconds = (FIRST_STEP * options.slo.limitMs) / 1000;
  for (let tries = 1; ; tries++) {
    const reached: number[] = [];
    let seconds = 0;
    // One after the other: a sweep may have a million calls.
    for (let i = 1; i <= SWEEPS.made; i++) {
      const sweep = simulatedSweep(server, random(i), options, stepSeconds);
      reached.push(searchOf(sweep.steps, options).capacity.precision ?? 1);
      seconds += sweep.seconds / SWEEPS.made;
    }
    const precision = quantile(Float64Array.from(reached).sort(), SWEEPS.precise);
    // The square of what is reached goes with one over the time.
    const longer = Math.min(4, Math.max(1 / 4, (precision / options.precision) ** 2));
    if (tries === FOUND.tries || Math.abs(Math.log(longer)) < Math.log(FOUND.factor)) return { stepSeconds, seconds };
    stepSeconds *= longer;
  }
}
