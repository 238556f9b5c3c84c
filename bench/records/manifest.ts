import { join } from "node:path";
import { z } from "zod";
import { Machine, Server } from "../../infra/outputs.ts";
import { MachineScore } from "../../infra/hosts/score.ts";
import { jsonText } from "../../lib/clean.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { writeAtomic } from "../../lib/cache/cached.ts";
import { readText } from "../../lib/read-text.ts";
import { show } from "../../lib/show.ts";
import { zodFaults } from "../../lib/zod-faults.ts";
import { Cell, ImageName } from "../matrix/cell.ts";
import { diskFault } from "./jsonl.ts";
import { Limits } from "../matrix/limits.ts";

/** What a server's container said of itself when the run began; null with the reason where it could not be asked. */
const ContainerBack = z.object({
  imageId: z.string(),
  containerId: z.string(),
  startedAt: z.string(),
  running: z.boolean(),
  restartCount: z.number(),
  cpuSet: z.string(),
  nanoCpus: z.number(),
  memoryBytes: z.number(),
  env: z.record(z.string(), z.string()),
});
export type ContainerBack = z.infer<typeof ContainerBack>;
export const ReadBack = z.union([
  /** `replicas`: the server's further containers; absent: it has one. */
  ContainerBack.extend({ replicas: z.array(ContainerBack).min(1).optional() }),
  z.object({ unread: z.string() }),
]);
export type ReadBack = z.infer<typeof ReadBack>;

/** All containers of a server that were read back, the first one first; undefined where they were not. Pure. */
export function containersIn(back: ReadBack | undefined): readonly ContainerBack[] | undefined {
  return back === undefined || "unread" in back ? undefined : [back, ...(back.replicas ?? [])];
}

/** A photograph as it was sent. */
export const ImageInfo = z.object({
  /** Part of file names and of links in the report. */
  name: ImageName,
  source: z.string(),
  sha256: z.string(),
  fileBytes: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
});
export type ImageInfo = z.infer<typeof ImageInfo>;

/** A checkout of Lathe (commit null outside of git; dirty: uncommitted changes) and the content key of its client program. */
export const LatheInfo = z.object({
  version: z.string(),
  commit: z.string().nullable(),
  dirty: z.boolean().nullable(),
  agent: z.string(),
  node: z.string(),
});
export type LatheInfo = z.infer<typeof LatheInfo>;

/** SHA-256 of the models on a machine by `name/version`; or why it could not be asked. */
export const Delivered = z.union([
  z.object({ versions: z.record(z.string(), z.string()) }),
  z.object({ unread: z.string() }),
]);
export type Delivered = z.infer<typeof Delivered>;

/** What has changed where a run went on: `edge: OMP_NUM_THREADS`. */
export const SessionDifference = z.object({
  what: z.string(),
  was: z.string(),
  is: z.string(),
  /** Whether it bears on what is measured. */
  bears: z.boolean(),
});
export type SessionDifference = z.infer<typeof SessionDifference>;

/** A session that went on with a run and found something changed: the provenance of its records. */
export const RunSession = z.object({
  at: z.string(),
  /** Records of this round and later are this session's, or a later one's. */
  fromRound: z.number().int().nonnegative(),
  lathe: LatheInfo,
  timedRegion: z.string(),
  readBack: z.record(z.string(), ReadBack),
  delivered: z.record(z.string(), Delivered),
  differences: z.array(SessionDifference),
});
export type RunSession = z.infer<typeof RunSession>;

/** `run.json`: everything a record of the run refers to, its provenance. Written before the first call. */
export const RunManifest = z.object({
  schema: z.literal("lathe.run/2"),
  id: z.string(),
  createdAt: z.string(),
  lathe: LatheInfo,
  clock: z.string(),
  timedRegion: z.string(),
  seed: z.number().int(),
  limits: Limits,
  clients: z.array(z.string()),
  /** What each client kind sets of its connections, bytes (`TransportSettings`); absent in older runs. */
  transports: z.record(z.string(), z.record(z.string(), z.number())).optional(),
  machines: z.array(Machine),
  servers: z.array(Server),
  /** How fast each machine is, by its id; absent: they were not measured. */
  scores: z.record(z.string(), MachineScore).optional(),
  /** By id of the server. */
  readBack: z.record(z.string(), ReadBack),
  photographs: z.string().describe("the list that the images are from"),
  images: z.array(ImageInfo),
  cells: z.array(Cell),
  /** The times of loads that are from files, milliseconds, by the SHA-256 of the file. */
  traces: z.record(z.string(), z.array(z.number())).optional(),
  /** Where the cells are from; absent where no file of experiments asked for them. */
  matrix: z
    .object({
      file: z.string(),
      experiments: z.array(
        z.object({
          name: z.string(),
          about: z.string().optional(),
          /** As the file has them; read again by `thresholdOf` and `sloOf`. */
          thresholds: z.array(z.string()).optional(),
          slo: z.string().optional(),
        }),
      ),
      /** What was asked for and left out. */
      notes: z.array(z.string()),
    })
    .optional(),
  /**
   * Of a search of capacities (`lathe capacity`): what was asked for, what is searched, and the load mode of its steps. Its cells are the steps
   * that were made. Runs from before a search could go on have no targets.
   */
  capacity: z
    .object({
      slo: z.string(),
      precision: z.number().positive(),
      mode: z.string().optional(),
      targets: z.array(Cell).optional(),
    })
    .optional(),
  /** What the other servers of a machine did while one was measured; absent: no machine has several. */
  neighbours: z.enum(["frozen", "running"]).optional(),
  /** The run that this one repeats: the same matrix against the same servers, to see how well two runs agree. */
  repeats: z.string().optional(),
  /** Sessions that went on with the run where something had changed; a resume under the same set-up is none. */
  sessions: z.array(RunSession).optional(),
  /** Where these machines are not three machines but parts of one: said in every output. Empty for real machines. */
  remarks: z.array(z.string()),
});
export type RunManifest = z.infer<typeof RunManifest>;

/** The verb that made a run, and that goes on with it. Pure. */
export const verbOf = ({ capacity }: Pick<RunManifest, "capacity">): "bench" | "capacity" =>
  capacity === undefined ? "bench" : "capacity";

export const CLOCK =
  "monotonic clock of the client machine (performance.now); `at` is its wall clock, for reading, not for arithmetic";
export const TIMED_REGION =
  "from decoded pixels in memory to decoded tensors in memory: encode, send, wait, receive, decode; the connection is open, " +
  "the photograph is read and decoded before";

/** Writes `run.json` into the run's folder. */
export async function writeManifest(dir: string, manifest: RunManifest): Promise<void> {
  const path = join(dir, "run.json");
  await writeAtomic(path, `${jsonText(RunManifest.parse(manifest), 2)}\n`).catch((error: unknown) => {
    throw diskFault(path, error);
  });
}

/** Reads `run.json`. @throws UserError if the folder holds no run of this version */
export async function readManifest(dir: string): Promise<RunManifest> {
  const path = join(dir, "run.json");
  const expected = "the folder of a run, as `npx lathe bench` writes it";
  return manifestOf(await readText(path, { expected, fix: "ls runs/" }), path);
}

/** The manifest in a text; `path` names it in faults. Pure. */
export function manifestOf(text: string, path: string): RunManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      what: `${path}: ${messageOf(error)}`,
      expected: "JSON, as `npx lathe bench` writes it",
      fix: "put run.json back from a copy: without it nobody knows what the records beside it were measured with",
    });
  }
  const parsed = RunManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  const { schema, lathe } = WrittenBy.safeParse(value).data ?? {};
  const current = RunManifest.shape.schema.value;
  const advice = {
    expected: `a run of the schema ${current}, as this version of Lathe writes it`,
    fix:
      lathe?.commit == null
        ? "read it with the version of Lathe that wrote it"
        : `read it with the Lathe that wrote it: git worktree add ../lathe-of-that-run ${lathe.commit}, and there npm ci`,
  };
  if (schema === undefined || schema === current) throw new UserError(zodFaults(parsed.error, path, advice));
  const what = `${path}: a run of the schema ${show(schema, 60)}: another version of Lathe wrote it`;
  throw new UserError({ what, ...advice });
}

/** What every version of run.json names: its schema, and the commit that can read it. */
const Commit = z.string().regex(/^[0-9a-f]{7,64}$/);
const WrittenBy = z.object({
  schema: z.string().optional(),
  lathe: z.object({ commit: Commit.nullable() }).optional().catch(undefined),
});
