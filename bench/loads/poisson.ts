import { z } from "zod";
import { random } from "../stats/math/random.ts";
import { openConnections, positive } from "./keys.ts";
import type { LoadMode, LoadPlan } from "./load.ts";
import { callAtTimes, dueTimes } from "./on-connections.ts";
import { openLoop } from "./open-loop.ts";

const Poisson = z.object({
  mode: z.literal("poisson"),
  ratePerSecond: positive,
  concurrency: openConnections,
});
export type Poisson = z.infer<typeof Poisson>;

/** An open loop whose calls are due at random, as those of many independent users are: gaps are exponential. */
export const poisson: LoadMode<Poisson> = {
  mode: "poisson",
  schema: Poisson,
  title: ({ ratePerSecond, concurrency }) => `${concurrency === 1 ? "" : `x${concurrency} `}Poisson ${ratePerSecond}/s`,
  ...openLoop,
  gapShare: ({ ratePerSecond }) => exponentialShare(ratePerSecond),
  run({ ratePerSecond, concurrency }, plan, tools) {
    return callAtTimes(poissonTimes(plan, ratePerSecond), plan.leadIn, concurrency, tools);
  },
};

/** The share of a Poisson process's gaps that are no longer than so many milliseconds. */
export const exponentialShare = (ratePerSecond: number) => (ms: number) => -Math.expm1((-ms * ratePerSecond) / 1000);

/** When the calls of a Poisson process are due, drawn from the plan's seed. Pure. */
export function poissonTimes(plan: LoadPlan, ratePerSecond: number): Float64Array {
  const stream = random(plan.seed ?? 0);
  let at = 0;
  return dueTimes(plan, () => (at -= (1000 * Math.log1p(-stream.uniform())) / ratePerSecond));
}
