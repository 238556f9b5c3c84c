import { join } from "node:path";
import { type Cell, isPlain } from "../cell.ts";
import { clientKinds } from "../clients/index.ts";
import { type RunManifest, readManifest } from "../manifest.ts";
import { readRecords } from "../records.ts";
import { crossed, type ModelSpec } from "./design.ts";
import { type EffectsFit, type Observation, fitEffects } from "./effects.ts";
import { type ImageCovariates, imageCovariates, readObjectCounts } from "./objects.ts";
import { type CellData, gatherCells } from "./visits.ts";

/** A run with everything that its statistics are made from. */
export interface Study {
  readonly manifest: RunManifest;
  readonly data: ReadonlyMap<string, CellData>;
  readonly images: readonly ImageCovariates[];
}

/** Reads a run's folder: provenance, records (one pass, streaming) and kept answers. */
export async function loadStudy(dir: string): Promise<Study> {
  const manifest = await readManifest(dir);
  const data = await gatherCells(readRecords(join(dir, "records.jsonl")));
  return { manifest, data, images: imageCovariates(manifest, await readObjectCounts(join(dir, "answers.jsonl"))) };
}

/** Who calls whom, as levels of the factor `place`: `client → edge`. */
export function placeOf(cell: Pick<Cell, "clientRole" | "serverRole">): string {
  return `${cell.clientRole} → ${cell.serverRole}`;
}

/** How a cell is loaded, where it is not one call after the other: ` x4`, ` 10/s`. */
export function loadOf(cell: Cell): string {
  const parallel = cell.concurrency === undefined ? "" : ` x${cell.concurrency}`;
  return parallel + (cell.ratePerSecond === undefined ? "" : ` ${cell.ratePerSecond}/s`);
}

/** Names of the models that answer a constant: no part of any comparison of models. */
export function nullModels(manifest: RunManifest): Set<string> {
  return new Set(manifest.deployments.flatMap((d) => d.models.filter((m) => m.isNull).map((m) => m.name)));
}

/** Client kinds of a run that send pixels, by protocol, in the order in which Lathe lists them. */
export function kindsOf(manifest: RunManifest, protocol: "grpc" | "rest"): string[] {
  return clientKinds
    .filter(
      (k) => k.protocol === protocol && k.input === "pixels" && manifest.cells.some((c) => c.clientKind === k.name),
    )
    .map((k) => k.name);
}

const FACTORS = ["client", "model", "place", "image"] as const;
const INTERACTIONS = [
  ["client", "model"],
  ["client", "place"],
  ["model", "place"],
  ["client", "image"],
  ["model", "image"],
] as const satisfies ModelSpec["interactions"];

/** A fit, and the pairs of factors whose acting together these cells cannot show. */
export interface StudyFit {
  readonly fit: EffectsFit;
  readonly leftOut: readonly (readonly [string, string])[];
}

/**
 * The model of log latency on some of a run's cells. Failed cells are left out, and so are cells under load (in parallel or
 * at a rate), whose latency is of another kind. An interaction needs every combination of
 * its levels to have been measured; those that do not are left out, and named.
 *
 * @returns undefined where even the main effects cannot be told apart, or nothing varies
 */
export function fitStudy(study: Study, include: (cell: Cell) => boolean): StudyFit | undefined {
  const observations: Observation[] = study.manifest.cells
    .filter((c) => isPlain(c) && include(c))
    .flatMap((cell) => {
      const data = study.data.get(cell.id);
      if (data === undefined || data.failure !== undefined) return [];
      const levels = { client: cell.clientKind, model: cell.model, place: placeOf(cell), image: cell.image };
      return data.visits.map((v) => ({ cell: cell.id, round: v.round, levels, logMs: Math.log(v.medianMs) }));
    });
  const levels = [...new Map(observations.map((o) => [o.cell, o.levels])).values()];
  const interactions = INTERACTIONS.filter(([a, b]) => crossed(levels, a, b));
  const leftOut = INTERACTIONS.filter((pair) => !interactions.includes(pair));
  for (const pairs of [interactions, []]) {
    const fit = fitEffects(observations, { factors: FACTORS, interactions: pairs }, { seed: study.manifest.seed });
    if (fit !== undefined) return { fit, leftOut: pairs.length === 0 ? INTERACTIONS : leftOut };
  }
  return undefined;
}
