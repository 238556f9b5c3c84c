import type { Coordinates } from "../../matrix/axes.ts";
import { type Cell, isPlain } from "../../matrix/cell.ts";
import type { Sample } from "../effects/blocks.ts";
import type { Noise } from "../effects/components.ts";
import { noiseOf } from "../effects/noise.ts";
import { varianceOf } from "../effects/propagation.ts";
import { type Estimate, linear } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import { mean } from "../math/quantile.ts";
import { type CellGroup, groupsBut, keyOf } from "../levels.ts";
import { kin, samplesOf } from "../cells/samples.ts";
import type { Study } from "../study.ts";
import { FLOOR_MS, type ServerMeans, type Visit, isTimed } from "../visits.ts";

/*
 * Weighted sums over cells of what their visits took: how attributions say what they are made of. A cell that is in a sum
 * twice counts once, with both weights, so that its noise cancels where its latency does.
 */

/**
 * What of a cell's visits counts into a sum: weights of encoding and decoding, by the client's clock, of what lies between them, and
 * of the server's own clock. With the latter, visits of which that clock says nothing are left out.
 */
export type Weights = readonly number[];

export const WHOLE: Weights = [1, 1, 1, 0];
export const ENCODE: Weights = [1, 0, 0, 0];
export const DECODE: Weights = [0, 1, 0, 0];
export const BETWEEN: Weights = [0, 0, 1, 0];
export const SERVER: Weights = [0, 0, 0, 1];

/** Weights by cell. */
export type Sum = ReadonlyMap<string, Weights>;

/** The cells of a run that were called one call after the other and have calls, and how others are found beside them. */
export interface PlainCells {
  readonly all: readonly Cell[];
  /** The cell of these coordinates; their protocol is the client kind's. */
  at(coordinates: Coordinates): Cell | undefined;
  /** The same, called by the server's own machine. */
  localAt(coordinates: Coordinates): Cell | undefined;
}

/** The plain cells of a run. */
export const plainCells = once(({ manifest, data, axes }: Study): PlainCells => {
  const all = manifest.cells.filter((c) => {
    const own = data.get(c.id);
    return isPlain(c) && own?.failure === undefined && isTimed(own);
  });
  const key = (c: Coordinates) => keyOf(c, axes, ["protocol"]);
  const localKey = (c: Coordinates) => keyOf(c, axes, ["protocol", "placement", "link"]);
  const byKey = new Map(all.map((c) => [key(c), c]));
  const local = Map.groupBy(
    all.filter((c) => c.local),
    localKey,
  );
  const at = (c: Coordinates) => byKey.get(key(c));
  return { all, at, localAt: (c) => (c.local ? at(c) : local.get(localKey(c))?.[0]) };
});

/** Cells that differ in their image alone, without those of some models. */
export function groupsOf(study: Study, without: ReadonlySet<string>): CellGroup[] {
  const cells = plainCells(study).all.filter((c) => !without.has(c.model));
  return groupsBut(cells, study.axes, ["image"]);
}

/** A part of one cell's time. */
export function term(cell: Cell, weights: Weights, factor = 1): Sum {
  return scale(new Map([[cell.id, weights]]), factor);
}

export function scale(sum: Sum, factor: number): Sum {
  return new Map([...sum].map(([id, w]) => [id, w.map((x) => x * factor)]));
}

export function add(...sums: readonly Sum[]): Sum {
  const all = new Map<string, Weights>();
  for (const [id, w] of sums.flatMap((sum) => [...sum])) {
    const before = all.get(id);
    all.set(id, before === undefined ? w : w.map((x, i) => x + (before[i] as number)));
  }
  return all;
}

/** The mean of several sums. */
export function meanOf(sums: readonly Sum[]): Sum {
  return scale(add(...sums), 1 / sums.length);
}

/** Whether a sum is nothing: all that is in it cancels. */
export function isNothing(sum: Sum): boolean {
  return [...sum.values()].every((w) => w.every(isZero));
}

/** Whether a weight is nothing but rounding. */
export const isZero = (weight: number) => Math.abs(weight) < 1e-12;

/**
 * A sum's value and error: a weighted sum of visits, whose noise is a share of what is measured. It is that of the same quantity in
 * all plain cells of a model: of visits (by placement, model and client kind), and what visits of a round have in common. What all cells of a
 * machine have in common cancels in a difference of them, and not in a whole.
 *
 * @returns without an error where nothing that is alike was visited twice
 */
export function estimate(study: Study, sum: Sum): Estimate {
  let value = 0;
  const quantities = new Map<string, { noise: Noise; samples: Sample[]; weights: number[] }>();
  for (const [id, w] of sum) {
    const cell = cellsById(study).get(id);
    const factor = w.find((x) => !isZero(x));
    if (cell === undefined || factor === undefined) continue;
    const quantity = w.map((x) => x / factor);
    const samples = sharesOf(study, cell, quantity);
    if (samples.length === 0) continue;
    const weighed = factor * mean(samples.map((s) => s.value));
    value += weighed;
    const [, , model] = kin(study, cell).alike;
    const key = `${quantity.map((x) => x.toFixed(9)).join(",")} ${model}`;
    const known = quantities.get(key) ?? { noise: noiseFor(study, key, quantity, model), samples: [], weights: [] };
    quantities.set(key, known);
    known.samples.push(...samples);
    known.weights.push(...samples.map(() => weighed / samples.length));
  }
  if (quantities.size === 0) return { value, se: 0, df: Infinity };
  const parts = [...quantities.values()].map(({ noise, samples, weights }) => {
    const { variance, df } = varianceOf(samples, Float64Array.from(weights), noise);
    return [1, { value: 0, se: df > 0 ? Math.sqrt(variance) : NaN, df }] as const;
  });
  return { ...linear(parts), value };
}

const cellsById = once((study: Study) => new Map(study.manifest.cells.map((c) => [c.id, c])));
const noises = once((_: Study) => new Map<string, Noise>());

/** Of what rounds have in common, groups this many times as noisy as the quietest say nothing: their own noise hides it. */
const QUIET = 4;

/** The noise of one quantity in all plain cells of one model, as a share of each cell's mean. A quick model's is not a slow one's. */
function noiseFor(study: Study, key: string, quantity: Weights, model: string): Noise {
  const known = noises(study).get(key);
  if (known !== undefined) return known;
  const samples = plainCells(study).all.flatMap((cell) => {
    if (kin(study, cell).alike[2] !== model) return [];
    const own = sharesOf(study, cell, quantity);
    const centre = mean(own.map((s) => s.value));
    // A share of nothing says nothing.
    return centre > FLOOR_MS ? own.map((s) => ({ ...s, value: s.value / centre })) : [];
  });
  const noise = noiseOf(samples, { swept: false });
  const variances = new Map(samples.map(({ alike }) => [alike[0] ?? "", noise.of(alike).variance]));
  const limit = QUIET * Math.min(...variances.values());
  const quiet = samples.filter(({ alike }) => (variances.get(alike[0] ?? "") ?? NaN) <= limit);
  const shared = quiet.length === samples.length ? noise : noiseOf(quiet, { swept: false });
  const made = shared.own === undefined ? noise : { ...noise, layers: shared.layers, knowsRounds: shared.knowsRounds };
  noises(study).set(key, made);
  return made;
}

/** A quantity of a cell's visits; the noise of groups is told apart by placement, too. */
const sharesOf = (study: Study, cell: Cell, quantity: Weights): Sample[] =>
  samplesOf(study, cell, (v) => weigh(v, quantity)).map((s) => ({ ...s, alike: kin(study, cell).alike }));

/** What the server's own clock says of a visit's calls; undefined if it does not. */
export function serverMeans(visit: Visit): ServerMeans | undefined {
  return visit.server !== undefined && "requestMs" in visit.server ? visit.server : undefined;
}

function weigh(visit: Visit, weights: Weights): number {
  const encodeMs = visit.phaseMeansMs.encodeMs ?? 0;
  const decodeMs = visit.phaseMeansMs.decodeMs ?? 0;
  const serverMs = weights[3] === 0 ? 0 : (serverMeans(visit)?.requestMs ?? NaN);
  const parts = [encodeMs, decodeMs, visit.meanMs - encodeMs - decodeMs, serverMs];
  return parts.reduce((sum, ms, i) => sum + (weights[i] as number) * ms, 0);
}
