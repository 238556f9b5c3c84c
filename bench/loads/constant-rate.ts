import { z } from "zod";
import { count, openConnections, positive } from "./keys.ts";
import { openLoop } from "./open-loop.ts";
import { callAtTimes, dueTimes } from "./on-connections.ts";
import type { LoadMode } from "./load.ts";

const ConstantRate = z.object({
  mode: z.literal("constant-rate"),
  ratePerSecond: positive,
  concurrency: openConnections,
});
export type ConstantRate = z.infer<typeof ConstantRate>;

/** An open loop: calls are due at equal distances, whether or not answers arrive. */
export const constantRate: LoadMode<ConstantRate> = {
  mode: "constant-rate",
  schema: ConstantRate,
  keys: { concurrency: count, ratePerSecond: positive },
  fromExperiment: ({ concurrency = [1], ratePerSecond = [] }) =>
    concurrency.flatMap((n) =>
      ratePerSecond.map((rate) => ({ mode: "constant-rate" as const, ratePerSecond: rate, concurrency: n })),
    ),
  title: ({ ratePerSecond, concurrency }) => `${concurrency === 1 ? "" : `x${concurrency} `}${ratePerSecond}/s`,
  ...openLoop,
  run({ ratePerSecond, concurrency }, plan, tools) {
    const due = dueTimes(plan, (index) => (index * 1000) / ratePerSecond);
    return callAtTimes(due, plan.leadIn, concurrency, tools);
  },
};
