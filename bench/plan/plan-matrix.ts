import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Deployment } from "../../infra/outputs.ts";
import { type Fault, UserError } from "../../lib/errors.ts";
import { exists } from "../../lib/cached.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { show } from "../../lib/show.ts";
import { fetchPhotographs, loadPhotographList } from "../../models/photographs.ts";
import { decodeImage } from "../../models/pixels.ts";
import { accessRemarks, withoutClosed } from "../targets/secrets.ts";
import type { AgentBundle } from "../run/agent/bundle.ts";
import { clientKinds } from "../../clients/registry.ts";
import { type Matrix, expand } from "./expand.ts";
import { nameHint } from "../matrix/experiments/hints.ts";
import { type Known, loadExperiments } from "../matrix/experiments/load.ts";
import { type Names, knownNames } from "./known-names.ts";
import type { Experiment } from "../matrix/experiments/schema.ts";
import { CLOCK, type ImageInfo, type RunManifest, TIMED_REGION } from "../records/manifest.ts";
import type { BenchOptions } from "../command/options.ts";
import { reachNotes } from "../schedule/unreachable-precision.ts";
import { readBack } from "../targets/container-settings.ts";
import type { LoadedImage } from "../run/session.ts";
import { latheNow } from "../targets/read-setup.ts";

/** The matrix of a run, and where it is from. */
export interface PlannedMatrix extends Matrix {
  /** The file of experiments, relative to the checkout where it is inside it. */
  readonly file: string;
  readonly experiments: readonly Experiment[];
}

const OWN_MATRIX = "bench.yaml";
const PAPER_MATRIX = "bench/matrix/experiments/paper.yaml";

/**
 * The cells that the experiments and the options ask for on what is deployed.
 *
 * @throws UserError with all faults of the file at once, or where nothing is left to measure
 */
export async function planMatrix(deployments: readonly Deployment[], options: BenchOptions): Promise<PlannedMatrix> {
  const file = options.matrix ?? ((await exists(join(repoRoot, OWN_MATRIX))) ? OWN_MATRIX : PAPER_MATRIX);
  const list = await loadPhotographList(join(repoRoot, options.photographs));
  const numbers = list.map((p) => p.id);
  const images = numbers.map((id) => `image-${id}`);
  const names: Partial<Names> = options.allowMissing ? {} : await knownNames(deployments);
  const { experiments, faults } = await experimentsOf(file, {
    ...names,
    images: numbers,
    chosen: options.experiments,
  });
  faults.push(
    ...strangers(
      "experiment",
      options.experiments,
      experiments?.map((e) => e.name),
    ),
  );
  faults.push(...strangers("models", options.models, names.models, ALLOW));
  faults.push(...noPhotographs(options, numbers));
  if (experiments === undefined || faults.length > 0) throw new UserError(faults);
  const deployed = {
    modelsByRole: Object.fromEntries(deployments.map((d) => [d.role, d.models.map((model) => model.name)])),
    images,
    clientKinds,
  };
  const choice = {
    experiments: options.experiments,
    models: options.models,
    images: options.images?.map((id) => `image-${id}`),
    clientKinds: options.clientKinds,
    places: options.places,
    limits: options.givenLimits,
    allowMissing: options.allowMissing,
  };
  const expanded = expand(experiments, deployed, choice, options.limits);
  const open = withoutClosed(expanded.cells, deployments);
  const [cells, notes] = [open.cells, [...expanded.notes, ...open.notes, ...reachNotes(open.cells, options.limits)]];
  if (cells.length === 0)
    throw new UserError({
      what: `no cell is left to measure${notes.map((note) => `\n  ${note}`).join("")}`,
      expected: `something that ${file}, the options and what is deployed (${deployments.map((d) => d.role).join(", ")}) have in common`,
      fix: `${PLAN} (without options), to see what there is`,
    });
  return { file, experiments, cells, notes };
}

const PLAN = "npm run bench -- plan";
const ALLOW = "the name as it is deployed; to have its cells fail where that can be seen: --allow-missing";

/** The experiments of a file, or its faults: they are shown with those of the options. */
async function experimentsOf(file: string, known: Known): Promise<{ experiments?: Experiment[]; faults: Fault[] }> {
  try {
    return { experiments: await loadExperiments(resolve(repoRoot, file), known), faults: [] };
  } catch (error) {
    if (error instanceof UserError) return { faults: [...error.faults] };
    throw error;
  }
}

/** An option's names that nothing has. */
function strangers(
  option: string,
  names: readonly string[] | undefined,
  known: readonly string[] | undefined,
  fix?: string,
): Fault[] {
  if (known === undefined) return [];
  return (names ?? [])
    .filter((name) => !known.includes(name))
    .map((name) => ({
      what: `--${option}: there is no ${show(name, 60)}`,
      expected: nameHint(name, known),
      ...(fix === undefined ? {} : { fix }),
    }));
}

/** Which photographs: a list (a YAML file of the checkout), and numbers in it (undefined: all). */
export type ImageChoice = Pick<BenchOptions, "photographs" | "images">;

/** Photographs that are asked for and not in the list. */
function noPhotographs({ photographs, images }: ImageChoice, numbers: readonly number[]): Fault[] {
  return (images ?? [])
    .filter((id) => !numbers.includes(id))
    .map((id) => ({
      what: `--images: no photograph ${id} in ${photographs}`,
      expected: `some of ${numbers.join(", ")}`,
    }));
}

async function chosen(choice: ImageChoice) {
  const list = await loadPhotographList(join(repoRoot, choice.photographs));
  const faults = noPhotographs(
    choice,
    list.map((p) => p.id),
  );
  if (faults.length > 0) throw new UserError(faults);
  return list.filter((p) => choice.images?.includes(p.id) ?? true);
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
    const { width, height, data } = decodeImage(file, `photograph ${p.id} (${p.path})`);
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
  const readBacks = await Promise.all(deployments.map(async (d) => [d.role, await readBack(d)] as const));
  return {
    schema: "lathe.run/1",
    id,
    createdAt: new Date().toISOString(),
    lathe: latheNow(bundle),
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
    ...accessRemarks(deployments),
    ...(own === undefined ? [] : [own]),
    ...(own === undefined && deployments.length > 1 && kernels.size === 1
      ? [
          "The machines have one kernel and CPU model in common: they look like parts of one machine, not like separate ones.",
        ]
      : []),
  ];
}
