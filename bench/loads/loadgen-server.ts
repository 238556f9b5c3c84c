import { z } from "zod";
import { openConnections, positive } from "./keys.ts";
import type { LoadMode } from "./load.ts";
import { callAtTimes } from "./on-connections.ts";
import { openLoop } from "./open-loop.ts";
import { exponentialShare, poissonTimes } from "./poisson.ts";

const Server = z.object({
  mode: z.literal("loadgen-server"),
  targetQps: positive,
  /** The bound that the 99th percentile must keep to. */
  targetLatencyMs: positive,
  concurrency: openConnections,
});
export type Server = z.infer<typeof Server>;

const atRate = ({ targetQps, concurrency }: Server) => ({ mode: "", ratePerSecond: targetQps, concurrency });

/** LoadGen's Server: queries of one sample are due at random (Poisson). The run passes if the 99th percentile keeps to the bound. */
export const loadGenServer: LoadMode<Server> = {
  mode: "loadgen-server",
  schema: Server,
  title: ({ targetQps, targetLatencyMs }) => `LoadGen-style server ${targetQps}/s, ${targetLatencyMs} ms`,
  isPlain: () => false,
  isOpen: true,
  connections: ({ concurrency }) => concurrency,
  leadIn: (load, block) => openLoop.leadIn(atRate(load), block),
  expectedMs: (load, calls, callMs) => openLoop.expectedMs(atRate(load), calls, callMs),
  ratePerSecond: ({ targetQps }) => targetQps,
  gapShare: ({ targetQps }) => exponentialShare(targetQps),
  run: ({ targetQps, concurrency }, plan, tools) =>
    callAtTimes(poissonTimes(plan, targetQps), plan.leadIn, concurrency, tools),
  loadGen: ({ targetLatencyMs }) => ({
    scenario: "Server",
    latency: { percentile: 0.99, of: "call" },
    boundMs: targetLatencyMs,
  }),
};
