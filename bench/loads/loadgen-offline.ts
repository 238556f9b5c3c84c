import { z } from "zod";
import { count, openConnections } from "./keys.ts";
import type { LoadMode } from "./load.ts";
import { callAtTimes } from "./on-connections.ts";

/** How many samples MLPerf asks for, if the data set has as many. */
const MLPERF_SAMPLES = 24_576;
const SAMPLES = 64;

const Offline = z.object({
  mode: z.literal("loadgen-offline"),
  samples: count.max(100_000, "at most 100000").default(SAMPLES),
  concurrency: openConnections,
});
export type Offline = z.infer<typeof Offline>;

/** LoadGen's Offline: one query with all samples, which are due at once. The result is the throughput. */
export const offline: LoadMode<Offline> = {
  mode: "loadgen-offline",
  schema: Offline,
  title: ({ samples, concurrency }) => `x${concurrency} LoadGen-style offline, ${samples} samples`,
  isPlain: () => false,
  noPercentiles: "all calls are due at once",
  connections: ({ concurrency }) => concurrency,
  leadIn: () => 0,
  wholeVisit: ({ samples }) => ({ calls: samples, ms: 0 }),
  expectedMs: ({ concurrency }, calls, callMs) => (calls * callMs) / concurrency,
  run: ({ samples, concurrency }, _plan, tools) => callAtTimes(new Float64Array(samples), 0, concurrency, tools),
  loadGen: () => ({ scenario: "Offline", leastCalls: MLPERF_SAMPLES }),
};
