import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists } from "../../lib/cache/cached.ts";
import { type Fault, UserError } from "../../lib/errors.ts";
import { repoRoot, shownPath } from "../../lib/paths.ts";
import { show } from "../../lib/show.ts";
import { loadCatalogue } from "../../models/catalogue.ts";
import { nameHint } from "../matrix/experiments/hints.ts";
import { loadExperiments } from "../matrix/experiments/load.ts";
import type { Known } from "../matrix/experiments/names.ts";
import type { Experiment } from "../matrix/experiments/schema.ts";
import type { CellLimits, Limits } from "../matrix/limits.ts";
import { reachNotes } from "../schedule/unreachable-precision.ts";
import type { Deployed } from "../targets/deployments.ts";
import { type Choice, type Matrix, expand } from "./expand.ts";
import { readLoadFiles } from "./load-files.ts";
import { thresholdNotes } from "./threshold-notes.ts";
import { type ImageChoice, noPhotographs, photographNumbers } from "./photographs.ts";

/** The matrix of a run, and the file of experiments that it is from (relative to the checkout where it is inside it). */
export interface PlannedMatrix extends Matrix {
  readonly file: string;
  readonly experiments: readonly Experiment[];
  /** The times of loads that are from files, by the file's SHA-256; absent where there are none. */
  readonly traces?: Readonly<Record<string, number[]>>;
}

/** What is asked for, as the command line has it. */
export interface MatrixOptions extends ImageChoice, Omit<Choice, "images" | "limits"> {
  /** File of experiments; undefined: the default one. */
  readonly matrix: string | undefined;
  /** Limits of the run. */
  readonly limits: Limits;
  /** Those of them that were given: they go before an experiment's own. */
  readonly givenLimits: CellLimits;
  /** Take names that nothing deployed has. */
  readonly allowMissing: boolean;
}

const OWN_MATRIX = join(repoRoot, "bench.yaml");
const PAPER_MATRIX = join(repoRoot, "bench/matrix/experiments/paper.yaml");

/**
 * The cells that the experiments and the options ask for on what is deployed.
 *
 * @throws UserError with all faults of the file and the options at once, or where nothing is left to measure
 */
export async function planMatrix(deployed: Deployed, options: MatrixOptions): Promise<PlannedMatrix> {
  const path = options.matrix ?? ((await exists(OWN_MATRIX)) ? OWN_MATRIX : PAPER_MATRIX);
  const file = shownPath(path);
  const numbers = await photographNumbers(options.photographs);
  const names: Partial<Awaited<ReturnType<typeof knownNames>>> = options.allowMissing ? {} : await knownNames(deployed);
  const { experiments, traces, faults } = await experimentsOf(path, {
    ...names,
    // Nobody has written the paper's experiments for photographs of their own: those that they do not have are left out.
    ...(path === PAPER_MATRIX ? {} : { images: numbers }),
    chosen: options.experiments,
  });
  const inFile = experiments?.map((e) => e.name);
  faults.push(...unknownNames("experiment", options.experiments, inFile));
  faults.push(...unknownNames("models", options.models, names.models, ALLOW));
  faults.push(...noPhotographs(options, numbers));
  if (experiments === undefined || faults.length > 0) throw new UserError(faults);

  const choice = {
    ...options,
    images: options.images?.map((id) => `image-${id}`),
    limits: options.givenLimits,
  };
  const available = { ...deployed, images: numbers.map((id) => `image-${id}`) };
  const { cells, notes: left } = expand(experiments, available, choice, options.limits);
  const notes = [...left, ...reachNotes(cells, options.limits), ...thresholdNotes(experiments, cells, options.limits)];
  if (cells.length === 0)
    throw new UserError({
      what: `no cell is left to measure${notes.map((note) => `\n  ${note}`).join("")}`,
      expected: `something that ${file}, the options and what is deployed (${deployed.servers.map((s) => s.id).join(", ")}) have in common`,
      fix: "npx lathe plan (without options), to see what there is",
    });
  const used = Object.entries(traces).filter(([sha256]) => cells.some((c) => c.load["sha256"] === sha256));
  return {
    ...{ file, experiments, cells, notes },
    ...(used.length > 0 && { traces: Object.fromEntries(used.map(([sha256, times]) => [sha256, [...times]])) }),
  };
}

const ALLOW = "the name as it is deployed; to have its cells fail where that can be seen: --allow-missing";

/** What a file asks for. */
interface Asked {
  readonly experiments?: readonly Experiment[];
  readonly traces: Readonly<Record<string, readonly number[]>>;
  readonly faults: Fault[];
}

/** The experiments of a file, or its faults: they are shown with those of the options. */
async function experimentsOf(path: string, known: Known): Promise<Asked> {
  try {
    const { faults, ...read } = await readLoadFiles(await loadExperiments(path, known), dirname(path));
    return { ...read, faults: [...faults] };
  } catch (error) {
    if (error instanceof UserError) return { traces: {}, faults: [...error.faults] };
    throw error;
  }
}

function unknownNames(
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

/** Names that are right, though maybe not deployed just now: roles, this checkout's stacks, the catalogue's models. */
async function knownNames({ machines, servers }: Deployed) {
  const files = async (folder: string, form: RegExp) =>
    (await readdir(join(repoRoot, folder)).catch(() => [] as string[])).flatMap((name) => form.exec(name)?.[1] ?? []);
  const stacks = await files(".", /^Pulumi\.(.+)\.ya?ml$/);
  const roles = [...(await files("stacks/roles", /^(.+)\.yaml$/)), ...stacks.filter((name) => name !== "dev")];
  const catalogue = (await loadCatalogue()).map((entry) => entry.name);
  return {
    machines: distinct([...machines.map((m) => m.id), ...roles]),
    servers: distinct([...servers.flatMap((s) => [s.id, s.kind]), ...roles]),
    models: distinct([...servers.flatMap((s) => s.models.map((m) => m.name)), ...catalogue]),
  };
}

const distinct = (names: readonly string[]) => [...new Set(names)];
