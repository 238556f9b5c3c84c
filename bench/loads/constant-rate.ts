import { z } from "zod";
import type { LoadMode } from "./load.ts";

const ConstantRate = z.object({
  mode: z.literal("constant-rate"),
  ratePerSecond: z.number().positive(),
  /** Connections; a call that is due waits where all of them are busy. */
  concurrency: z.number().int().positive(),
});
export type ConstantRate = z.infer<typeof ConstantRate>;

/**
 * The lead-in is so many times as long as what is measured: by then a queue has built up as far as it does at most loads. (At
 * nine tenths of what a server can do it takes some hundred calls: longer blocks see more of that.)
 */
const LEAD_IN = 3;

/**
 * An open loop: calls are due at fixed distances from the first one, and nothing that the server does moves them; a call that
 * finds every connection busy begins late, and its latency counts from when it was due.
 */
export const constantRate: LoadMode<ConstantRate> = {
  mode: "constant-rate",
  schema: ConstantRate,
  about: "so many calls a second, whatever the answers do; latency counts from when a call was due (open loop)",
  fromExperiment: ({ concurrency = [1], ratePerSecond = [] }) =>
    concurrency.flatMap((n) =>
      ratePerSecond.map((rate) => ({ mode: "constant-rate" as const, ratePerSecond: rate, concurrency: n })),
    ),
  title: ({ ratePerSecond, concurrency }) => `${concurrency === 1 ? "" : `x${concurrency} `}${ratePerSecond}/s`,
  isPlain: () => false,
  connections: ({ concurrency }) => concurrency,
  leadIn: ({ ratePerSecond }, block) => LEAD_IN * Math.min(block.requests, Math.ceil((ratePerSecond * block.ms) / 1000)),
  expectedMs: ({ ratePerSecond, concurrency }, calls, callMs) =>
    Math.max((calls * 1000) / ratePerSecond, (calls * callMs) / concurrency),
  async run({ ratePerSecond, concurrency }, plan, call, done, clock) {
    const startedAt = clock.now();
    const everyMs = 1000 / ratePerSecond;
    let begun = 0;
    let failed = false;
    const lane = async (connection: number): Promise<void> => {
      while (!failed && begun < plan.leadIn + plan.calls) {
        const dueMs = begun * everyMs;
        if (begun > plan.leadIn && dueMs - plan.leadIn * everyMs > plan.blockMs) return;
        const leadIn = begun < plan.leadIn;
        begun += 1;
        await clock.until(startedAt + dueMs);
        if (failed) return;
        const startAt = clock.now();
        const result = await call(connection);
        failed ||= !result.ok;
        done({ result, startAt, intendedAt: startedAt + dueMs, leadIn });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, (_, connection) => lane(connection)));
  },
};
