import { join } from "node:path";
import { clientKinds } from "../../clients/registry.ts";
import { PLAIN_LOAD, loadTitle } from "../loads/registry.ts";
import { AXES, type Axis } from "../matrix/axes.ts";
import { type Cell, isPlain } from "../matrix/cell.ts";
import { type RunManifest, readManifest } from "../records/manifest.ts";
import { readJournal } from "../records/records.ts";
import { type Seen, readSeen } from "../records/seen.ts";
import { samplesOf } from "./cells/samples.ts";
import { type LinkFacts, LinkFactsGatherer } from "./floor/facts.ts";
import { type Levels, crossed } from "./effects/design.ts";
import { type EffectsFit, fitEffects } from "./effects/effects.ts";
import type { Noise } from "./effects/components.ts";
import { noiseOf } from "./effects/noise.ts";
import type { Observation } from "./effects/regression.ts";
import { type Screening, screenOnce } from "./effects/screening.ts";
import { factorLevels, factorsOf, interactionsOf } from "./levels.ts";
import { once } from "./math/memo.ts";
import { type ImageCovariates, imageCovariates, objectCounts } from "./objects.ts";
import { type Untold, partLoads } from "./load/untold.ts";
import { gatherCells } from "./gather.ts";
import { type CellData, logOfMs } from "./visits.ts";

/** A run with everything that its statistics are made from. */
export interface Study {
  readonly manifest: RunManifest;
  readonly data: ReadonlyMap<string, CellData>;
  /** Cells under load, whole, also those whose latencies cannot be told (`untold`) and are not in `data`; absent where not parted. */
  readonly loaded?: ReadonlyMap<string, CellData>;
  readonly untold?: ReadonlyMap<string, Untold>;
  readonly images: readonly ImageCovariates[];
  /** The axes of its matrix: `AXES`, but in tests. */
  readonly axes: readonly Axis[];
  /** What was seen of the links that its calls went over; absent where a study was not read from a run's folder. */
  readonly links?: LinkFacts;
  /** Answers, photographs and label names; absent where a study was not read from a run's folder. */
  readonly seen?: Seen;
}

/** Reads a run's folder: provenance, records (one pass, streaming) and kept answers. */
export async function loadStudy(dir: string, axes: readonly Axis[] = AXES): Promise<Study> {
  const manifest = await readManifest(dir);
  const loaded = new Set(manifest.cells.filter((c) => !isPlain(c)).map((c) => c.id));
  const links = new LinkFactsGatherer();
  const gathered = await gatherCells(links.watching(readJournal(join(dir, "records.jsonl"))), loaded);
  const parted = partLoads(manifest, gathered);
  const seen = await readSeen(dir, manifest);
  const images = imageCovariates(manifest, objectCounts(seen.answers));
  return { manifest, ...parted, images, axes, links: links.facts(), seen };
}

/** Names of the models that answer a constant: no part of any comparison of models. */
export function nullModels(manifest: RunManifest): Set<string> {
  return new Set(manifest.servers.flatMap((s) => s.models.filter((m) => m.isNull).map((m) => m.name)));
}

/** The null model with the smallest answers, in an array: its latency is that of protocol and wire alone. Empty: the run has none. */
export function emptyModels({ manifest, data }: Study): readonly string[] {
  const bytes = (model: string) =>
    Math.min(...manifest.cells.filter((c) => c.model === model).map((c) => data.get(c.id)?.responseBytes ?? Infinity));
  return [...nullModels(manifest)].sort((a, b) => bytes(a) - bytes(b) || 0).slice(0, 1);
}

/** Client kinds of a run that send pixels (of all protocols, or of one), in the order in which Lathe lists them. */
export function pixelClients({ cells }: Pick<RunManifest, "cells">, protocol?: string): string[] {
  const own = cells.filter((c) => c.input === "pixels" && (protocol === undefined || c.protocol === protocol));
  const used = new Set(own.map((c) => c.client));
  const listed = clientKinds.map((k) => k.name).filter((name) => used.delete(name));
  return [...listed, ...used];
}

/**
 * The model of log latency on some of a run's cells, all of one load: by default one call after the other. Under another load every
 * effect may be another one, since queues grow where servers are slow, so each load has a model of its own. Failed cells are left
 * out. An interaction needs every combination of
 * its levels to have been measured; those that do not are left out, and named. The noise is known from all cells of the
 * models in question: a comparison of two machines knows from all machines how much their rounds differ.
 *
 * @param together factors that are one, of the name `togetherKey`: servers that share no client kind are told apart so
 * @param load the load's title
 * @returns undefined if even the main effects cannot be separated, or nothing varies
 */
export function fitStudy(
  study: Study,
  include: (cell: Cell) => boolean,
  together: readonly string[] = [],
  load: string = PLAIN_TITLE,
): { readonly fit: EffectsFit; readonly leftOut: readonly (readonly [string, string])[] } | undefined {
  const { observations: all, noiseOfModels, screening } = observed(study, load);
  const included = new Set(study.manifest.cells.filter(include).map((c) => c.id));
  const chosen = all.filter((o) => included.has(o.cell));
  const key = togetherKey(together, study.axes);
  const observations =
    together.length === 0
      ? chosen
      : chosen.map((o) => ({ ...o, levels: { ...o.levels, [key]: joined(o.levels, together) } }));
  const own = separateFactors(chosen, factorsOf(study.axes));
  const factors = together.length === 0 ? own : [key, ...own.filter((f) => !together.includes(f))];
  const possible = interactionsOf(factors);
  const interactions = crossedPairs(observations, possible);
  const leftOut = possible.filter((pair) => !interactions.includes(pair));
  const options = { ...noiseOfModels([...new Set(observations.map(modelOf))]), screening };
  for (const pairs of [interactions, []]) {
    const fit = fitEffects(observations, { factors, interactions: pairs }, options);
    if (fit !== undefined) return { fit, leftOut: pairs.length === 0 ? possible : leftOut };
  }
  return undefined;
}

/** What several factors that are taken for one are called. */
export const togetherKey = (factors: readonly string[], axes: readonly Axis[]): string =>
  factors.map((f) => axes.find((a) => a.key === f)?.title ?? f).join(" + ");

const joined = (levels: Levels, factors: readonly string[]) => factors.map((f) => levels[f]).join(", ");

/** Without the server kind where each placement has one: the placement says it. */
function separateFactors(
  observations: readonly Pick<Observation, "levels">[],
  factors: readonly string[],
): readonly string[] {
  const placements = Map.groupBy(observations, (o) => o.levels["placement"]);
  const told = [...placements.values()].every((own) => new Set(own.map((o) => o.levels["server_kind"])).size === 1);
  return told ? factors.filter((f) => f !== "server_kind") : factors;
}

/** The interactions that some visits can show: every combination of their levels was measured. */
function crossedPairs<P extends readonly [string, string]>(
  observations: readonly Pick<Observation, "cell" | "levels">[],
  pairs: readonly P[],
): P[] {
  const levels = [...new Map(observations.map((o) => [o.cell, o.levels])).values()];
  return pairs.filter(([a, b]) => crossed(levels, a, b));
}

const modelOf = (o: Pick<Observation, "levels">) => o.levels["model"] ?? "";

const PLAIN_TITLE = loadTitle(PLAIN_LOAD);

const observedAt = once((_: Study) => new Map<string, ReturnType<typeof observe>>());

/** The same, made once for each load. */
function observed(study: Study, load = PLAIN_TITLE): ReturnType<typeof observe> {
  const known = observedAt(study).get(load) ?? observe(study, load);
  observedAt(study).set(load, known);
  return known;
}

/** Every visit of a run to a cell of one load that did not fail, and the noise of some models' visits. */
function observe(study: Study, load: string) {
  const { axes } = study;
  const included = study.manifest.cells.filter((c) => (isPlain(c) ? PLAIN_TITLE : loadTitle(c.load)) === load);
  const observations = included.flatMap((cell) => {
    const data = study.data.get(cell.id);
    if (data === undefined || data.failure !== undefined) return [];
    const levels = factorLevels({ ...cell, load: PLAIN_LOAD }, axes);
    return samplesOf(study, cell, (v) => logOfMs(v.medianMs)).map((s) => ({ ...s, levels }));
  });
  const byModel = Map.groupBy(observations, modelOf);
  const known = new Map<string, { readonly noise: Noise; readonly levelNoise: Noise }>();
  const noiseOfModels = (models: readonly string[]) => {
    const key = models.toSorted().join("|");
    const own = observations.filter((o) => models.includes(modelOf(o)));
    const noises = known.get(key) ?? {
      noise: noiseOf(own, { swept: true }),
      levelNoise: noiseOf(own, { swept: false }),
    };
    known.set(key, noises);
    return noises;
  };
  const factors = separateFactors(observations, factorsOf(axes));
  // Each model by itself: a slow one's misfit is not a quick one's.
  const screened = [...byModel].map(([model, own]) => {
    const spec = { factors, interactions: crossedPairs(own, interactionsOf(factors)) };
    return screenOnce(own, spec, noiseOfModels([model]).noise);
  });
  const screening: Screening = {
    outliers: new Map(screened.flatMap((s) => [...s.outliers])),
    untested: new Set(screened.flatMap((s) => [...s.untested])),
  };
  return { observations, noiseOfModels, screening };
}

/** Cells visited once whose visit is an outlier, and how many times as long it took as was to be expected. */
export const outlierCells = (study: Study): ReadonlyMap<string, number> => observed(study).screening.outliers;

/** Cells visited once that could be compared with no other cell: nothing that rests on them has an interval. */
export const untestedCells = (study: Study): ReadonlySet<string> => observed(study).screening.untested;

/** Whether one of some cells is an outlier, or could be one without being seen: a mean over them has no interval. */
export function inDoubt(study: Study, cells: readonly Pick<Cell, "id">[]): boolean {
  const { outliers, untested } = observed(study).screening;
  return cells.some(({ id }) => outliers.has(id) || untested.has(id));
}
