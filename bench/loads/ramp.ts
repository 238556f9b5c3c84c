import { z } from "zod";
import { openConnections, positive } from "./keys.ts";
import type { LoadMode } from "./load.ts";
import { callAtTimes } from "./on-connections.ts";

/** The most calls of a visit, whose results stay in memory until it is over. */
const MOST_CALLS = 100_000;
const FEWER = `at most ${MOST_CALLS} calls: a lower rate, or fewer seconds`;

const Ramp = z
  .object({
    mode: z.literal("ramp"),
    /** Calls a second at the begin and at the end. */
    fromPerSecond: positive,
    toPerSecond: positive,
    seconds: positive,
    concurrency: openConnections,
  })
  .refine((load) => callsOf(load) <= MOST_CALLS, { message: FEWER, path: ["seconds"] });
export type Ramp = z.infer<typeof Ramp>;

/** An open loop whose rate changes evenly from one to another. It shows from which rate on latency grows. */
export const ramp: LoadMode<Ramp> = {
  mode: "ramp",
  schema: Ramp,
  title: ({ fromPerSecond, toPerSecond, seconds, concurrency }) =>
    `${concurrency === 1 ? "" : `x${concurrency} `}ramp ${fromPerSecond} to ${toPerSecond}/s in ${seconds} s`,
  isPlain: () => false,
  isOpen: true,
  noPercentiles: "the rate changes all the time",
  connections: ({ concurrency }) => concurrency,
  leadIn: () => 0,
  wholeVisit: (load) => ({ calls: callsOf(load), ms: 1000 * load.seconds }),
  expectedMs: (load, calls, callMs) =>
    calls * Math.max((1000 * load.seconds) / callsOf(load), callMs / load.concurrency),
  run: (load, _plan, tools) => callAtTimes(rampTimes(load), 0, load.concurrency, tools),
};

/** How many calls are due in a ramp: its mean rate by its length. */
function callsOf(load: Readonly<Record<"fromPerSecond" | "toPerSecond" | "seconds", number>>): number {
  return Math.max(1, Math.floor(((load.fromPerSecond + load.toPerSecond) / 2) * load.seconds));
}

/**
 * When a ramp's calls are due, milliseconds. Until the time t, a t + (b - a) t² / 2T calls are due; call k is due when that is k. The solution
 * has no division by the difference of the rates, which may be 0. Pure.
 */
export function rampTimes(load: Ramp): Float64Array {
  const { fromPerSecond: a, toPerSecond: b } = load;
  const slope = (b - a) / load.seconds;
  return Float64Array.from(
    { length: callsOf(load) },
    (_, k) => (2000 * k) / (a + Math.sqrt(Math.max(0, a * a + 2 * slope * k))),
  );
}
