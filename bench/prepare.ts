import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { Deployment } from "../infra/outputs.ts";
import { UserError } from "../lib/errors.ts";
import { exists } from "../lib/cached.ts";
import { repoRoot } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { fetchPhotographs, loadPhotographList } from "../models/photographs.ts";
import { decodeImage } from "../models/pixels.ts";
import type { AgentBundle } from "./agent/bundle.ts";
import { clientKinds } from "./clients/index.ts";
import { type Matrix, expand } from "./experiments/expand.ts";
import { loadExperiments } from "./experiments/load.ts";
import type { Experiment } from "./experiments/schema.ts";
import { CLOCK, type ImageInfo, type RunManifest, TIMED_REGION } from "./manifest.ts";
import type { BenchOptions } from "./options.ts";
import { readBack } from "./readback.ts";
import type { LoadedImage } from "./session.ts";

/** The matrix of a run, and where it is from. */
export interface PlannedMatrix extends Matrix {
  /** The file of experiments, relative to the checkout where it is inside it. */
  readonly file: string;
  readonly experiments: readonly Experiment[];
}

const OWN_MATRIX = "bench.yaml";
const PAPER_MATRIX = "bench/experiments/paper.yaml";

/**
 * The cells that the experiments and the options ask for on what is deployed.
 *
 * @throws UserError with all faults of the file at once, or where nothing is left to measure
 */
export async function planMatrix(deployments: readonly Deployment[], options: BenchOptions): Promise<PlannedMatrix> {
  const file = options.matrix ?? ((await exists(join(repoRoot, OWN_MATRIX))) ? OWN_MATRIX : PAPER_MATRIX);
  const list = await loadPhotographList(join(repoRoot, options.photographs));
  const images = list.map((p) => `image-${p.id}`);
  const experiments = await loadExperiments(resolve(repoRoot, file), { images: list.map((p) => p.id) });
  const unknown = options.experiments?.filter((name) => !experiments.some((e) => e.name === name)) ?? [];
  if (unknown.length > 0)
    throw new UserError({
      what: `--experiment: ${file} has no ${unknown.map((name) => `"${name}"`).join(", ")}`,
      expected: `some of ${experiments.map((e) => e.name).join(", ")}`,
    });
  const deployed = {
    modelsByRole: Object.fromEntries(deployments.map((d) => [d.role, d.models.map((model) => model.name)])),
    images,
    clientKinds,
  };
  const choice = {
    experiments: options.experiments,
    models: options.models,
    images: options.images === undefined ? undefined : await imageNames(options),
    clientKinds: options.clientKinds,
    places: options.places,
    limits: options.givenLimits,
  };
  const { cells, notes } = expand(experiments, deployed, choice, options.limits);
  if (cells.length === 0)
    throw new UserError({
      what: `no cell is left to measure${notes.map((note) => `\n  ${note}`).join("")}`,
      expected: `something that ${file}, the options and what is deployed (${deployments.map((d) => d.role).join(", ")}) have in common`,
      fix: `${PLAN} (without options), to see what there is`,
    });
  return { file, experiments, cells, notes };
}

const PLAN = "npm run bench -- plan";

/** Which photographs: a list (a YAML file of the checkout), and numbers in it (undefined: all). */
export type ImageChoice = Pick<BenchOptions, "photographs" | "images">;

/** The names of the photographs that the options ask for: `image-1` and so on. */
export async function imageNames(choice: ImageChoice): Promise<string[]> {
  return (await chosen(choice)).map((p) => `image-${p.id}`);
}

async function chosen({ photographs, images }: ImageChoice) {
  const list = await loadPhotographList(join(repoRoot, photographs));
  const missing = images?.filter((id) => !list.some((p) => p.id === id)) ?? [];
  if (missing.length > 0)
    throw new UserError({
      what: `--images: no photograph ${missing.join(", ")} in ${photographs}`,
      expected: `some of ${list.map((p) => p.id).join(", ")}`,
    });
  return images === undefined ? list : list.filter((p) => images.includes(p.id));
}

/** Fetches (once) and decodes the photographs. */
export async function loadImages(
  choice: ImageChoice,
  progress: Progress,
): Promise<{ images: LoadedImage[]; infos: ImageInfo[] }> {
  const photographs = await fetchPhotographs(await chosen(choice), progress);
  const images: LoadedImage[] = [];
  const infos: ImageInfo[] = [];
  for (const p of photographs) {
    const file = await readFile(p.path);
    const { width, height, data } = decodeImage(file);
    const name = `image-${p.id}`;
    images.push({
      type: "image",
      name,
      width,
      height,
      rgb: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
      file: file.toString("base64"),
    });
    infos.push({ name, source: p.name, sha256: p.sha256, fileBytes: file.length, width, height });
  }
  return { images, infos };
}

/** All that a run's records will refer to. Asks each server's engine what its container really runs with. */
export async function newManifest(
  id: string,
  deployments: readonly Deployment[],
  infos: readonly ImageInfo[],
  options: BenchOptions,
  matrix: PlannedMatrix,
  bundle: AgentBundle,
): Promise<RunManifest> {
  const require = createRequire(import.meta.url);
  const { version } = require("../package.json") as { version: string };
  const git = (...args: string[]) => {
    const result = spawnSync("git", args, { cwd: repoRoot, encoding: "utf8" });
    return result.status === 0 ? result.stdout.trim() : null;
  };
  const status = git("status", "--porcelain");
  const readBacks = await Promise.all(deployments.map(async (d) => [d.role, await readBack(d)] as const));
  return {
    schema: "lathe.run/1",
    id,
    createdAt: new Date().toISOString(),
    lathe: {
      version,
      commit: git("rev-parse", "HEAD"),
      dirty: status === null ? null : status !== "",
      agent: bundle.key,
      node: process.version,
    },
    clock: CLOCK,
    timedRegion: TIMED_REGION,
    seed: options.seed,
    limits: options.limits,
    clientKinds: clientKinds.map((k) => k.name).filter((name) => matrix.cells.some((c) => c.clientKind === name)),
    deployments: [...deployments],
    readBack: Object.fromEntries(readBacks),
    photographs: options.photographs,
    images: [...infos],
    cells: [...matrix.cells],
    matrix: {
      file: matrix.file,
      experiments: matrix.experiments
        .filter((e) => matrix.cells.some((c) => c.experiments?.includes(e.name)))
        .map(({ name, about }) => ({ name, ...(about === undefined ? {} : { about }) })),
      notes: [...matrix.notes],
    },
    remarks: remarks(deployments, options.remark),
  };
}

/** What a reader must know before the numbers: what stands in for something else, and what means less than it seems. */
export function remarks(deployments: readonly Deployment[], own: string | undefined): string[] {
  const standIn = deployments.filter((d) => d.server.standIn).map((d) => d.role);
  const timingOnly = [
    ...new Set(deployments.flatMap((d) => d.models.filter((m) => m.timingOnly && !m.isNull).map((m) => m.name))),
  ];
  const kernels = new Set(deployments.map((d) => `${d.facts.kernel} ${d.facts.cpu.model} ${d.facts.memoryBytes}`));
  return [
    ...(standIn.length > 0
      ? [
          `Server on ${standIn.join(", ")}: Lathe's stand-in for TF Serving (its API over the real TensorFlow runtime), not the TF Serving binary.`,
        ]
      : []),
    ...timingOnly.map(
      (name) => `Model ${name}: true architecture, random weights. Its time is real, its detections mean nothing.`,
    ),
    ...(own === undefined ? [] : [own]),
    ...(own === undefined && deployments.length > 1 && kernels.size === 1
      ? [
          "The machines have one kernel and CPU model in common: they look like parts of one machine, not like separate ones.",
        ]
      : []),
  ];
}
