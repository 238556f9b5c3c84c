import { z } from "zod";
import { count } from "./keys.ts";
import { callOnConnections } from "./on-connections.ts";
import type { LoadMode } from "./load.ts";

const ClosedLoop = z.object({
  mode: z.literal("closed-loop"),
  /** Calls at a time, each on a connection of its own. */
  concurrency: count,
});
export type ClosedLoop = z.infer<typeof ClosedLoop>;

/** Each connection begins its next call when it has its answer. */
export const closedLoop: LoadMode<ClosedLoop> = {
  mode: "closed-loop",
  schema: ClosedLoop,
  keys: { concurrency: count },
  /** `concurrency` asks for it, unless there is a key of another mode. */
  fromExperiment: ({ concurrency = [1], ...others }) =>
    Object.values(others).every((values) => values === undefined)
      ? concurrency.map((n) => ({ mode: "closed-loop", concurrency: n }))
      : [],
  title: ({ concurrency }) => (concurrency === 1 ? "one by one" : `x${concurrency}`),
  isPlain: ({ concurrency }) => concurrency === 1,
  connections: ({ concurrency }) => concurrency,
  leadIn: () => 0,
  expectedMs: ({ concurrency }, calls, callMs) => (calls * callMs) / concurrency,
  run({ concurrency }, plan, tools) {
    const startedAt = tools.clock.now();
    const isOver = (begun: number) =>
      begun >= plan.calls || (begun > 0 && tools.clock.now() - startedAt > plan.blockMs);
    const next = { intendedAt: null, leadIn: false };
    return callOnConnections(concurrency, (begun) => (isOver(begun) ? undefined : next), tools);
  },
};
