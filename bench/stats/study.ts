import { join } from "node:path";
import { type Cell, isPlain } from "../matrix/cell.ts";
import { clientKinds } from "../../clients/registry.ts";
import { type Seen, readSeen } from "../records/seen.ts";
import { type RunManifest, readManifest } from "../records/manifest.ts";
import { readJournal } from "../records/records.ts";
import { crossed, type ModelSpec } from "./effects/design.ts";
import { type EffectsFit, type Observation, fitEffects } from "./effects/effects.ts";
import { once } from "./math/memo.ts";
import type { Estimate } from "./math/estimate.ts";
import { type Noise, noiseOf } from "./effects/noise.ts";
import { varianceOf } from "./effects/propagation.ts";
import { mean } from "./math/quantile.ts";
import { type Screening, screenOnce } from "./effects/screening.ts";
import { type ImageCovariates, imageCovariates, objectCounts } from "./objects.ts";
import { type CellData, gatherCells } from "./visits.ts";

/** A run with everything that its statistics are made from. */
export interface Study {
  readonly manifest: RunManifest;
  readonly data: ReadonlyMap<string, CellData>;
  readonly images: readonly ImageCovariates[];
  /** Answers, photographs and label names; absent where a study was not read from a run's folder. */
  readonly seen?: Seen;
}

/** Reads a run's folder: provenance, records (one pass, streaming) and kept answers. */
export async function loadStudy(dir: string): Promise<Study> {
  const manifest = await readManifest(dir);
  const data = await gatherCells(readJournal(join(dir, "records.jsonl")));
  const seen = await readSeen(dir, manifest);
  return { manifest, data, images: imageCovariates(manifest, objectCounts(seen.answers)), seen };
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
 * its levels to have been measured; those that do not are left out, and named. The noise is known from all cells of the
 * models in question: a comparison of two machines knows from all machines how much their rounds differ.
 *
 * @returns undefined where even the main effects cannot be told apart, or nothing varies
 */
export function fitStudy(study: Study, include: (cell: Cell) => boolean): StudyFit | undefined {
  const { observations: all, noiseOfModels, screening } = observed(study);
  const included = new Set(study.manifest.cells.filter(include).map((c) => c.id));
  const observations = all.filter((o) => included.has(o.cell));
  const interactions = crossedPairs(observations);
  const leftOut = INTERACTIONS.filter((pair) => !interactions.includes(pair));
  const models = [...new Set(observations.map((o) => o.levels.model))];
  const options = { ...noiseOfModels(models), screening };
  for (const pairs of [interactions, []]) {
    const fit = fitEffects(observations, { factors: FACTORS, interactions: pairs }, options);
    if (fit !== undefined) return { fit, leftOut: pairs.length === 0 ? INTERACTIONS : leftOut };
  }
  return undefined;
}

/** The interactions that some visits can show: every combination of their levels was measured. */
function crossedPairs(observations: readonly Pick<Observation, "cell" | "levels">[]): (typeof INTERACTIONS)[number][] {
  const levels = [...new Map(observations.map((o) => [o.cell, o.levels])).values()];
  return INTERACTIONS.filter(([a, b]) => crossed(levels, a, b));
}

/** Every visit of a run to a plain cell that did not fail, and the noise of some models' visits. */
const observed = once((study: Study) => {
  const observations = study.manifest.cells.filter(isPlain).flatMap((cell) => {
    const data = study.data.get(cell.id);
    if (data === undefined || data.failure !== undefined) return [];
    const levels = { client: cell.clientKind, model: cell.model, place: placeOf(cell), image: cell.image };
    const alike = [`${cell.model} ${cell.clientKind}`, cell.model];
    return data.visits.map((v) => ({
      ...{ cell: cell.id, round: v.round, machine: cell.serverRole, alike, levels, value: Math.log(v.medianMs) },
    }));
  });
  const ofModels = (models: readonly string[]) => observations.filter((o) => models.includes(o.levels.model));
  const known = new Map<string, { readonly noise: Noise; readonly levelNoise: Noise }>();
  const noiseOfModels = (models: readonly string[]) => {
    const key = [...models].sort().join("|");
    let noises = known.get(key);
    if (noises === undefined) {
      const own = ofModels(models);
      noises = { noise: noiseOf(own, { swept: true }), levelNoise: noiseOf(own, { swept: false }) };
      known.set(key, noises);
    }
    return noises;
  };
  // Each model by itself: a slow one's misfit is not a quick one's.
  const screened = [...new Set(observations.map((o) => o.levels.model))].map((model) => {
    const own = ofModels([model]);
    const spec = { factors: FACTORS, interactions: crossedPairs(own) };
    return screenOnce(own, spec, noiseOfModels([model]).noise);
  });
  const screening: Screening = {
    wild: new Map(screened.flatMap((s) => [...s.wild])),
    untested: new Set(screened.flatMap((s) => [...s.untested])),
  };
  return { observations, noiseOfModels, screening };
});

/** Cells visited once whose visit is out of line, and how many times as long it took as was to be expected. */
export const wildCells = (study: Study): ReadonlyMap<string, number> => observed(study).screening.wild;

/** Cells visited once that no other cell could be held against: nothing that rests on them has an interval. */
export const untestedCells = (study: Study): ReadonlySet<string> => observed(study).screening.untested;

/**
 * The mean over some cells of one model of each cell's mean, as a logarithm, with the error that the noise of the model's visits
 * and rounds gives it (delta method): a cell brings the noise of its like, however often it was visited.
 */
export function logMeanOver(study: Study, cells: readonly Cell[]): Estimate {
  const { observations, noiseOfModels } = observed(study);
  const means = cells.map((c) => mean(study.data.get(c.id)?.totalsMs ?? []));
  const whole = mean(means);
  const numbers = new Map(cells.map((c, i) => [c.id, i]));
  const visits = observations.filter((o) => numbers.has(o.cell));
  const weights = Float64Array.from(visits, (o) => {
    const calls = study.data.get(o.cell);
    const visit = calls?.visits.find((v) => v.round === o.round);
    const share = (visit?.n ?? NaN) / (calls?.totalsMs.length ?? NaN);
    return (share * (means[numbers.get(o.cell) as number] as number)) / (whole * cells.length);
  });
  const { levelNoise } = noiseOfModels([...new Set(cells.map((c) => c.model))]);
  const { variance, df } = varianceOf(visits, weights, levelNoise);
  return { value: Math.log(whole), se: df > 0 ? Math.sqrt(variance) : NaN, df };
}

/** Of some cells, whether one is out of line or could be without being seen: a mean over them has no interval. */
export function inDoubt(study: Study, cells: readonly Pick<Cell, "id">[]): boolean {
  const { wild, untested } = observed(study).screening;
  return cells.some(({ id }) => wild.has(id) || untested.has(id));
}
