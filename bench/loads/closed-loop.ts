import { z } from "zod";
import type { LoadMode } from "./load.ts";

const ClosedLoop = z.object({
  mode: z.literal("closed-loop"),
  /** Calls in flight at a time, each on a connection of its own. */
  concurrency: z.number().int().positive(),
});
export type ClosedLoop = z.infer<typeof ClosedLoop>;

/** Each connection begins its next call when it has its answer. */
export const closedLoop: LoadMode<ClosedLoop> = {
  mode: "closed-loop",
  schema: ClosedLoop,
  about: "so many calls in flight at a time; the answer begins the next call",
  fromExperiment: ({ concurrency = [1], ratePerSecond }) =>
    ratePerSecond === undefined ? concurrency.map((n) => ({ mode: "closed-loop", concurrency: n })) : [],
  title: ({ concurrency }) => (concurrency === 1 ? "one by one" : `x${concurrency}`),
  isPlain: ({ concurrency }) => concurrency === 1,
  connections: ({ concurrency }) => concurrency,
  leadIn: () => 0,
  expectedMs: ({ concurrency }, calls, callMs) => (calls * callMs) / concurrency,
  async run({ concurrency }, plan, call, done, clock) {
    const startedAt = clock.now();
    let begun = 0;
    let failed = false;
    const lane = async (connection: number): Promise<void> => {
      while (!failed && begun < plan.calls) {
        if (begun > 0 && clock.now() - startedAt > plan.blockMs) return;
        begun += 1;
        const startAt = clock.now();
        const result = await call(connection);
        failed ||= !result.ok;
        done({ result, startAt, intendedAt: null, leadIn: false });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, (_, connection) => lane(connection)));
  },
};
