import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Deployment } from "../infra/outputs.ts";
import { UserError, messageOf } from "../lib/errors.ts";
import { writeAtomic } from "../lib/cached.ts";
import { Cell } from "./cell.ts";
import { diskFault } from "./jsonl.ts";
import { Limits } from "./limits.ts";

/** What a server's container said of itself when the run began; null with the reason where it could not be asked. */
export const ReadBack = z.union([
  z.object({
    imageId: z.string(),
    containerId: z.string(),
    startedAt: z.string(),
    running: z.boolean(),
    restartCount: z.number(),
    cpuSet: z.string(),
    nanoCpus: z.number(),
    memoryBytes: z.number(),
    env: z.record(z.string(), z.string()),
  }),
  z.object({ unread: z.string() }),
]);
export type ReadBack = z.infer<typeof ReadBack>;

/** A photograph as it was sent. */
export const ImageInfo = z.object({
  name: z.string(),
  source: z.string(),
  sha256: z.string(),
  fileBytes: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
});
export type ImageInfo = z.infer<typeof ImageInfo>;

/** `run.json`: everything a record of the run refers to, its provenance. Written before the first call. */
export const RunManifest = z.object({
  schema: z.literal("lathe.run/1"),
  id: z.string(),
  createdAt: z.string(),
  lathe: z.object({
    version: z.string(),
    /** Commit of the checkout; null outside of git. */
    commit: z.string().nullable(),
    /** Whether the checkout had uncommitted changes. */
    dirty: z.boolean().nullable(),
    /** Content key of the agent that the client machines ran. */
    agent: z.string(),
    node: z.string(),
  }),
  clock: z.string(),
  timedRegion: z.string(),
  seed: z.number().int(),
  limits: Limits,
  clientKinds: z.array(z.string()),
  deployments: z.array(Deployment),
  readBack: z.record(z.string(), ReadBack),
  photographs: z.string().describe("the list that the images are from"),
  images: z.array(ImageInfo),
  cells: z.array(Cell),
  /** Where the cells are from; absent in runs of before there were experiments. */
  matrix: z
    .object({
      file: z.string(),
      experiments: z.array(z.object({ name: z.string(), about: z.string().optional() })),
      /** What was asked for and left out. */
      notes: z.array(z.string()),
    })
    .optional(),
  /** Where these machines are not three machines but parts of one: said in every output. Empty for real machines. */
  remarks: z.array(z.string()),
});
export type RunManifest = z.infer<typeof RunManifest>;

export const CLOCK =
  "monotonic clock of the client machine (performance.now); `at` is its wall clock, for reading, not for arithmetic";
export const TIMED_REGION =
  "from decoded pixels in memory to decoded tensors in memory: encode, send, wait, receive, decode; the connection is open, " +
  "the photograph is read and decoded before";

/** Writes `run.json` into the run's folder. */
export async function writeManifest(dir: string, manifest: RunManifest): Promise<void> {
  const path = join(dir, "run.json");
  await writeAtomic(path, `${JSON.stringify(RunManifest.parse(manifest), null, 2)}\n`).catch((error: unknown) => {
    throw diskFault(path, error);
  });
}

/**
 * Reads `run.json`.
 *
 * @throws UserError where the folder holds no run of this version
 */
export async function readManifest(dir: string): Promise<RunManifest> {
  const path = join(dir, "run.json");
  try {
    return RunManifest.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError({
      what: missing ? `${path}: not there` : `${path}: ${messageOf(error).slice(0, 300)}`,
      expected: "the folder of a run, as `npm run bench` writes it",
      fix: "ls runs/",
    });
  }
}
