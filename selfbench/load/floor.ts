import { z } from "zod";
import { type Bed, program } from "./generator.ts";
import { type Spread, spreadOf } from "./lag.ts";

/** The rate of the goals, calls a second. */
export const GOAL_RATE = 5000;

const Woken = z.object({ lateMs: z.array(z.number()) });

/**
 * How late a bare timer wakes where the generators run: a loop in a compiled program that only sleeps until each call would be due. No
 * generator can be better than that, so a goal below it says nothing of a generator.
 *
 * @throws UserError if the timer fails
 */
export function bareTimer(bed: Bed, ratePerSecond: number, seconds: number): Promise<Spread> {
  // Go would interrupt the loop a hundred times a second, to give another of its threads a turn.
  const timer = ["env", "GODEBUG=asyncpreemptoff=1", bed.programs.server];
  const argv = [...timer, "-timer", String(ratePerSecond), "-seconds", String(seconds)];
  return program(argv, bed.pinned, (said) => spreadOf(Woken.parse(JSON.parse(said)).lateMs)).said;
}
