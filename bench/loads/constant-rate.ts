import { z } from "zod";
import { count, positive } from "./keys.ts";
import { callOnConnections } from "./on-connections.ts";
import type { LoadMode } from "./load.ts";

const ConstantRate = z.object({
  mode: z.literal("constant-rate"),
  ratePerSecond: positive,
  /** Connections; a call that is due waits where all of them are busy. */
  concurrency: count,
});
export type ConstantRate = z.infer<typeof ConstantRate>;

/**
 * The lead-in is so many times as long as what is measured: by then a queue has built up as far as it does at most loads. (At
 * nine tenths of what a server can do it takes some hundred calls: longer blocks see more of that.)
 */
const LEAD_IN = 3;

/**
 * An open loop: calls are due at fixed distances from the first one, and nothing that the server does moves them; a call that
 * finds every connection busy begins late, and its latency counts from when it was due. It begins with nothing in the
 * server's queue, and calls that find it so are quicker than those of a server that has been under this load for a while:
 * hence the lead-in.
 */
export const constantRate: LoadMode<ConstantRate> = {
  mode: "constant-rate",
  schema: ConstantRate,
  about: "so many calls a second, whatever the answers do; latency counts from when a call was due (open loop)",
  keys: { concurrency: count, ratePerSecond: positive },
  fromExperiment: ({ concurrency = [1], ratePerSecond = [] }) =>
    concurrency.flatMap((n) =>
      ratePerSecond.map((rate) => ({ mode: "constant-rate" as const, ratePerSecond: rate, concurrency: n })),
    ),
  title: ({ ratePerSecond, concurrency }) => `${concurrency === 1 ? "" : `x${concurrency} `}${ratePerSecond}/s`,
  isPlain: () => false,
  connections: ({ concurrency }) => concurrency,
  leadIn: ({ ratePerSecond }, block) =>
    LEAD_IN * Math.min(block.requests, Math.ceil((ratePerSecond * block.ms) / 1000)),
  expectedMs: ({ ratePerSecond, concurrency }, calls, callMs) =>
    calls * Math.max(1000 / ratePerSecond, callMs / concurrency),
  run({ ratePerSecond, concurrency }, { calls, leadIn, blockMs }, tools) {
    const startedAt = tools.clock.now();
    const dueMs = (begun: number) => (begun * 1000) / ratePerSecond;
    const isOver = (begun: number) =>
      begun >= leadIn + calls || (begun > leadIn && dueMs(begun) - dueMs(leadIn) > blockMs);
    const next = (begun: number) =>
      isOver(begun) ? undefined : { intendedAt: startedAt + dueMs(begun), leadIn: begun < leadIn };
    return callOnConnections(concurrency, next, tools);
  },
};
