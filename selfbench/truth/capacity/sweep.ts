import { type NextStep, connectionsFor, leadInCalls } from "../../../bench/capacity/next-step.ts";
import type { Slo } from "../../../bench/capacity/slo.ts";

/*
 * A linear sweep, as an engineer makes it who has no search: closed loops show the highest throughput, and ten steps of equal length go up to it,
 * evenly apart. How long the steps must be is not seen beforehand: too short ones leave the capacity less precise than asked for. So a sweep
 * counts as long as it takes nine of ten to be precise enough (trial.ts). What its steps show is combined by the statistics of a search. A line
 * between two steps would give no interval.
 */

const SWEEP_STEPS = 10;

/** The steps of a sweep, each so many seconds long besides its lead-in. Pure. @param mostPerSecond the throughput of a closed loop */
export function sweepSteps(mostPerSecond: number, stepSeconds: number, { q, limitMs }: Slo): NextStep[] {
  return Array.from({ length: SWEEP_STEPS }, (_, i) => {
    const ratePerSecond = Number(((mostPerSecond * (i + 1)) / SWEEP_STEPS).toPrecision(4));
    return {
      ratePerSecond,
      connections: connectionsFor(ratePerSecond, limitMs),
      calls: Math.ceil(stepSeconds * ratePerSecond),
      leadIn: leadInCalls(ratePerSecond, 1 - q, limitMs),
      blockMs: 1500 * stepSeconds,
    };
  });
}
