import { z } from "zod";

const ratio = z.number().positive();

/** What `lathe tune` has found for a server, as its config and its outputs say it. */
export const Tuned = z.strictObject({
  /** When, ISO 8601. */
  at: z.string().regex(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/, "a time"),
  /** For what: the words of `--for`. */
  for: z.string().min(1).max(200),
  model: z.string().min(1),
  /** The server's image, by digest. */
  image: z.string().min(1),
  /** Over the rule, and its 95 % interval: 1.2 is a fifth better. */
  gain: ratio,
  interval: z.tuple([ratio, ratio]),
  /** The facts of the machine that settings depend on. */
  machine: z.strictObject({
    cpu: z.string(),
    /** CPUs that may be used, as Linux writes lists. */
    cpus: z.string(),
    cores: z.number().int().positive(),
    quotaCpus: z.number().positive().nullable(),
    memoryMiB: z.number().int().positive(),
  }),
  /** The keys of `lathe:settings` that it has set. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  /** `lathe:settings` as it was before; absent: it was not set. */
  before: z.record(z.string(), z.unknown()).optional(),
});
export type Tuned = z.infer<typeof Tuned>;
