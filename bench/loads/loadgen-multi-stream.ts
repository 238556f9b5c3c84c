import { z } from "zod";
import { count } from "./keys.ts";
import type { LoadMode } from "./load.ts";

/** MLPerf's number of samples in a query of this scenario. */
const SAMPLES = 8;

const MultiStream = z.object({
  mode: z.literal("loadgen-multi-stream"),
  samplesPerQuery: count.max(1000, "at most 1000").default(SAMPLES),
});
export type MultiStream = z.infer<typeof MultiStream>;

/**
 * LoadGen's MultiStream: a query has several samples, which begin at once. The next query begins when all of them are answered. A query takes
 * as long as its slowest sample. The result is the 99th percentile of queries.
 */
export const multiStream: LoadMode<MultiStream> = {
  mode: "loadgen-multi-stream",
  schema: MultiStream,
  title: ({ samplesPerQuery }) => `LoadGen-style multi stream of ${samplesPerQuery}`,
  isPlain: () => false,
  connections: ({ samplesPerQuery }) => samplesPerQuery,
  leadIn: () => 0,
  expectedMs: ({ samplesPerQuery }, calls, callMs) => Math.ceil(calls / samplesPerQuery) * callMs,
  async run({ samplesPerQuery }, { calls, blockMs }, { call, done, clock }) {
    const startedAt = clock.now();
    // Only whole queries: one with fewer samples would be another load.
    const queries = Math.max(1, Math.floor(calls / samplesPerQuery));
    let failed = false;
    for (let query = 0; query < queries && !failed; query++) {
      if (query > 0 && clock.now() - startedAt > blockMs) return;
      const intendedAt = clock.now();
      const sample = async (_: unknown, connection: number) => {
        const startAt = clock.now();
        const result = await call(connection);
        failed ||= !result.ok;
        done({ result, startAt, intendedAt, readyAt: intendedAt, leadIn: false, query });
      };
      await Promise.all(Array.from({ length: samplesPerQuery }, sample));
    }
  },
  loadGen: () => ({ scenario: "MultiStream", latency: { percentile: 0.99, of: "query" } }),
};
