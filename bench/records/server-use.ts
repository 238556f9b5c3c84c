import { z } from "zod";

const amount = z.number().nonnegative();

/** What a server used while a visit was made to it, warm-up included, as its machine's kernel counts. Absent: the kernel does not say. */
export const ServerUse = z.object({
  /** Time that it was watched, ms. */
  spanMs: amount,
  /** Processor time of all processes of its container, ms: above `spanMs` where several threads worked. */
  cpuMs: amount.optional(),
  /** Memory that its container held at the end, page cache included. */
  memoryBytes: amount.optional(),
  /** The same when the visit began: the server had nothing to do. */
  memoryBeforeBytes: amount.optional(),
  /** The most that its container has held since it started. */
  peakMemoryBytes: amount.optional(),
  /** Answers that came meanwhile, warm-up included. */
  answers: z.number().int().nonnegative().optional(),
  /** Time that a hypervisor gave to other guests, summed over the machine's processors, ms. */
  stealMs: amount.optional(),
  /** The CPU quota that stopped the container most often: its own, or one above it (a virtual machine's, a lab host's). Absent: none holds. */
  quota: z
    .object({
      /** Periods of the quota (usually 100 ms) in which the container ran. */
      periods: amount,
      /** Periods in which the quota was used up, so that all waited for the next one. */
      throttledPeriods: amount,
      /** Time of waiting, summed over processors, ms. */
      throttledMs: amount,
    })
    .optional(),
});
export type ServerUse = z.infer<typeof ServerUse>;
