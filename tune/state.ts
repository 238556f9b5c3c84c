import { join } from "node:path";
import { z } from "zod";
import { writeAtomic } from "../lib/cache/cached.ts";
import { jsonText } from "../lib/clean.ts";
import { UserError } from "../lib/errors.ts";
import { jsonOf } from "../lib/json.ts";
import { readText } from "../lib/read-text.ts";
import { zodFaults } from "../lib/zod-faults.ts";
import { Load } from "../bench/loads/load.ts";
import { MOST_ROUNDS } from "./options.ts";
import { MOST_ARMS } from "./space.ts";
import { Provenance } from "./provenance.ts";
import type { RaceState } from "./race/types.ts";

/* A tuning's folder. `tune.json` has what was tried and what is left, so a killed tuning can go on. */

const MOST_BLOCKS = 20_000;
/** A race's blocks have at most six arms; a newer Lathe may have more. */
const MOST_VISITS = 64;
const word = z.string().min(1).max(400);
const amount = z.number().nonnegative();

const Visit = z.object({
  arm: word,
  score: z.number().nullable(),
  medianMs: amount.nullable(),
  answeredPerSecond: amount,
  calls: amount,
  failures: amount,
  seconds: amount,
  killed: z.string().max(4000).optional(),
});
const Block = z.object({
  purpose: z.enum(["race", "confirm", "restart", "explain", "grid"]),
  order: z.array(word).max(MOST_VISITS),
  visits: z.array(Visit).max(MOST_VISITS),
});
const Objective = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["throughput", "latency", "cost"]) }),
  z.object({
    kind: z.literal("percentile"),
    ...{ percentile: z.number().gt(0).lt(100), boundMs: z.number().positive(), ratePerSecond: z.number().positive() },
  }),
]);
const Race = z.object({
  schema: z.literal("lathe-race/1"),
  arms: z
    .array(z.object({ id: word, settings: z.record(word, z.union([word, z.number()])), isRule: z.boolean() }))
    .max(MOST_ARMS),
  objective: Objective,
  seed: z.number().int(),
  budget: z.object({ seconds: z.number().positive() }),
  rounds: z.number().int().min(1).max(MOST_ROUNDS).optional(),
  blocks: z.array(Block).max(MOST_BLOCKS),
  open: Block.nullable(),
});

const SCHEMA = "lathe.tuning/1";
/** The complete state of a tuning between two visits. */
export const Tuning = z.object({
  schema: z.literal(SCHEMA),
  id: word,
  stack: word,
  server: word,
  /** What arms are made of, and what is called. A resumed tuning must find the same. */
  found: z.object({ image: word, model: word, cpus: z.string().max(4000), client: word, photograph: word }),
  only: z.string().max(4000).nullable(),
  /** Absent: the tuning is of an older Lathe. */
  provenance: Provenance.optional(),
  load: Load,
  plan: z.object({ blockMs: amount, leadIn: amount, calls: amount, timeoutMs: amount }),
  race: Race,
});
export type Tuning = Omit<z.infer<typeof Tuning>, "race"> & { readonly race: RaceState };

const fileOf = (dir: string) => join(dir, "tune.json");

/** Saves a tuning. The file is replaced as a whole, so a reader sees the old state or the new one. */
export async function keepTuning(dir: string, tuning: Omit<Tuning, "schema">): Promise<void> {
  await writeAtomic(fileOf(dir), `${jsonText({ schema: SCHEMA, ...tuning })}\n`);
}

/** Reads a tuning. @throws UserError if there is none, or the file has another form */
export async function readTuning(dir: string): Promise<Tuning> {
  const file = fileOf(dir);
  const fix = "begin a new one: npx lathe tune --stack NAME";
  const text = await readText(file, { expected: "a tuning that has begun", fix });
  const read = Tuning.safeParse(jsonOf(text));
  if (!read.success) throw new UserError(zodFaults(read.error, file, { fix }));
  return read.data as Tuning;
}
