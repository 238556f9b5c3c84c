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

/** The lead-in takes this many times as long as what is measured: at most loads the queue is then as long as it gets. */
const LEAD_IN = 3;

/**
 * An open loop: calls are due at fixed distances from the first one, whatever the answers do. A call that finds every
 * connection busy begins late, and its latency counts from when it was due. The first calls find the server's queue empty and
 * are quicker than later ones: hence the lead-in.
 */
export const constantRate: LoadMode<ConstantRate> = {
  mode: "constant-rate",
  schema: ConstantRate,
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
