import type { Load, LoadMode } from "./load.ts";

/** A load of calls that are due at a rate. */
export interface AtRate extends Load {
  readonly ratePerSecond: number;
  readonly concurrency: number;
}

/** The lead-in takes so many times as long as what is measured. At most loads the queue has reached its length by then. */
const LEAD_IN = 3;

/**
 * What all open loops at one rate have in common. A call that finds every connection busy begins late, and its latency counts from when
 * it was due. The first calls find an empty queue and are quicker than later ones, so they are a lead-in.
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
