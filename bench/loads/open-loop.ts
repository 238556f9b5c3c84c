import type { Load, LoadMode } from "./load.ts";

/** A load of calls that are due at a rate. */
export interface AtRate extends Load {
  readonly ratePerSecond: number;
  readonly concurrency: number;
}

/** The lead-in takes this many times as long as what is measured: at most loads the queue is then as long as it gets. */
const LEAD_IN = 3;

/**
 * What all open loops at one rate have in common. A call that finds every connection busy begins late, and its latency counts
 * from when it was due. The first calls find the server's queue empty and are quicker than later ones: hence the lead-in.
 */
export const openLoop: Pick<
  LoadMode<AtRate>,
  "isPlain" | "isOpen" | "connections" | "leadIn" | "expectedMs" | "ratePerSecond"
> = {
  isPlain: () => false,
  isOpen: true,
  connections: ({ concurrency }) => concurrency,
  leadIn: ({ ratePerSecond }, block) =>
    LEAD_IN * Math.min(block.requests, Math.ceil((ratePerSecond * block.ms) / 1000)),
  expectedMs: ({ ratePerSecond, concurrency }, calls, callMs) =>
    calls * Math.max(1000 / ratePerSecond, callMs / concurrency),
  ratePerSecond: ({ ratePerSecond }) => ratePerSecond,
};
