import { z } from "zod";
import type { LoadMode } from "./load.ts";
import { closedLoop } from "./closed-loop.ts";

const SingleStream = z.object({ mode: z.literal("loadgen-single-stream") });
export type SingleStream = z.infer<typeof SingleStream>;

const one = { mode: "closed-loop", concurrency: 1 } as const;

/** LoadGen's SingleStream: queries of one sample, one after the other. The result is the 90th percentile. */
export const singleStream: LoadMode<SingleStream> = {
  mode: "loadgen-single-stream",
  schema: SingleStream,
  title: () => "LoadGen-style single stream",
  isPlain: () => false,
  connections: () => 1,
  leadIn: () => 0,
  expectedMs: (_load, calls, callMs) => calls * callMs,
  run: (_load, plan, tools) => closedLoop.run(one, plan, tools),
  loadGen: () => ({ scenario: "SingleStream", latency: { percentile: 0.9, of: "call" } }),
};
