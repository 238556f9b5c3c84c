import { dot } from "../math/matrix.ts";
import type { Sample } from "./blocks.ts";
import type { Noise } from "./components.ts";
import { ROUNDS_TO_KNOW, cautionOf, lastingSquare } from "./persistence.ts";
import type { Doubt } from "../math/estimate.ts";
import { random } from "../math/random.ts";

/** How well a weighted sum of visits is known. */
export interface Propagated {
  readonly variance: number;
  /** 0 if the noise that counts here is not known. */
  readonly df: number;
  /** What moves the sum, each as a standard deviation: machines in their rounds, then visits. */
  readonly moves: Float64Array;
  /** What is not sure of it because the run has few rounds; absent: nothing is. */
  readonly doubt?: Doubt;
  /** Where it is in doubt: by how much its error must widen before anything is decided by it. */
  readonly caution?: number;
}

/** Where so small a share of a sum's weight is common to a machine and round, what they have in common does not count. */
const APART = 1e-3;

/** The visits of one weighted sum that share a layer's name, or a cell: their weights by stretch of time. */
type Weights = Map<string, Map<number, number>>;

/**
 * The variance of a weighted sum of visits: each visit's own noise, and what the visits of a round have in common, layer by layer.
 *
 * Satterthwaite's degrees of freedom. A layer's variance was estimated from means, with noise of finer layers and of visits in
 * them, so that share of it goes by the degrees of freedom of those means: there are few of them, but where the machines were
 * steady the variance is never taken to be below what visits' own noise makes it.
 */
export function varianceOf(samples: readonly Sample[], weights: Float64Array, noise: Noise): Propagated {
  if (noise.own === undefined || !(noise.knowsRounds || standsApart(samples, weights)))
    return { variance: NaN, df: 0, moves: new Float64Array() };
  const moves: number[] = [];
  const layers = noise.layers.map((layer) => {
    const sums = gather(samples, weights, noise, (s) => layer.nameOf(s));
    const square = squareOf(sums, layer.persistence);
    const scale = Math.sqrt(layer.variance);
    for (const own of sums.values()) for (const weight of own.values()) moves.push(weight * scale);
    const whole = square * layer.variance;
    return { ...layer, square, whole, left: whole, used: 0, caution: cautionOf(noise.rounds, layer.persistence) };
  });
  const own = ownParts(samples, weights, noise, moves);
  const visits = [...own.values()].reduce((sum, c) => sum + c.variance, 0);
  const variance = layers.reduce((sum, layer) => sum + layer.left, visits);
  let left = visits;
  let below = 0;
  layers.forEach((layer, k) => {
    // How many times the layer's mean square is in the variance, beyond what wider layers have of it.
    const times = Math.max(0, layer.square - layer.used) / (layer.counts[0] ?? NaN);
    let part = layer.left;
    layers.slice(k + 1).forEach((finer, i) => {
      const count = times * (layer.counts[i + 1] ?? 0);
      const taken = Math.min(finer.left, count * finer.variance);
      finer.used += count;
      finer.left -= taken;
      part += taken;
    });
    if (layer.df === Infinity) return;
    const taken = Math.min(left, times * layer.own);
    left -= taken;
    below += (part + taken) ** 2 / layer.df;
  });
  const share = visits === 0 ? 0 : left / visits;
  for (const group of own.values()) below += (share * group.variance) ** 2 / group.df;
  const df = variance === 0 ? Math.min(...[...own.values()].map((g) => g.df)) : variance ** 2 / below;
  const doubt = doubtAbout(samples, weights, noise);
  const more = layers.reduce((sum, layer) => sum + (layer.wide ? (layer.caution - 1) * layer.whole : 0), 0);
  const caution = variance > 0 ? Math.sqrt(1 + more / variance) : 1;
  return { variance, df, moves: Float64Array.from(moves), ...(doubt && { doubt, caution }) };
}

/** From such a share of a sum's weight on, it rests on what its machines' rounds have in common. */
const RESTS = 0.05;

/** What is not sure of a sum that rests on machines' rounds, where they are few. */
function doubtAbout(samples: readonly Sample[], weights: Float64Array, noise: Noise): Doubt | undefined {
  if (noise.rounds >= ROUNDS_TO_KNOW || standsApart(samples, weights, RESTS)) return undefined;
  return noise.layers.some((layer) => layer.lasts) ? "lasting" : "short";
}

/** Whether nothing that the visits of a machine and round have in common is in a sum. */
function standsApart(samples: readonly Sample[], weights: Float64Array, most = APART): boolean {
  const blocks = new Map<string, { sum: number; visits: number }>();
  samples.forEach(({ machine, round }, i) => {
    const key = `${machine}|${round}`;
    const { sum, visits } = blocks.get(key) ?? { sum: 0, visits: 0 };
    blocks.set(key, { sum: sum + (weights[i] as number), visits: visits + 1 });
  });
  const together = [...blocks.values()].reduce((sum, b) => sum + b.sum ** 2 / b.visits, 0);
  return together <= most * weights.reduce((sum, w) => sum + w ** 2, 0);
}

function gather(
  samples: readonly Sample[],
  weights: Float64Array,
  noise: Noise,
  nameOf: (s: Sample) => string | undefined,
): Weights {
  const sums: Weights = new Map();
  samples.forEach((sample, i) => {
    const name = nameOf(sample);
    if (name === undefined) return;
    const own = sums.get(name) ?? new Map<number, number>();
    const stretch = noise.stretchOf(sample.round);
    own.set(stretch, (own.get(stretch) ?? 0) + (weights[i] as number));
    sums.set(name, own);
  });
  return sums;
}

const squareOf = (sums: Weights, persistence: number) =>
  [...sums.values()].reduce((sum, own) => sum + lastingSquare(own, persistence), 0);

/** The variance that visits' own noise brings, by the name that it is known of. */
function ownParts(samples: readonly Sample[], weights: Float64Array, noise: Noise, moves: number[]) {
  const own = new Map<string, { variance: number; df: number }>();
  const byCell = noise.persistence > 0 ? gather(samples, weights, noise, (s) => s.cell) : undefined;
  const squares = new Map<string, number>();
  const plain = new Map<string, number>();
  if (byCell !== undefined) {
    for (const [cell, sums] of byCell) squares.set(cell, lastingSquare(sums, noise.persistence));
    samples.forEach((s, i) => plain.set(s.cell, (plain.get(s.cell) ?? 0) + (weights[i] as number) ** 2));
  }
  samples.forEach(({ alike, cell }, i) => {
    const weight = weights[i] as number;
    const { variance, df, name } = noise.of(alike);
    // Visits of a cell that go together bring more than each by itself.
    const more = Math.max(0, (squares.get(cell) ?? 1) / (plain.get(cell) ?? 1));
    const part = weight ** 2 * variance * (Number.isFinite(more) ? more : 1);
    own.set(name, { variance: (own.get(name)?.variance ?? 0) + part, df });
    moves.push(weight * Math.sqrt(variance * (Number.isFinite(more) ? more : 1)));
  });
  return own;
}

/** Draws of normal errors of several sums together, from what moves each of them. */
export function jointDraws(
  moves: readonly Float64Array[],
  { draws, seed }: { readonly draws: number; readonly seed: number },
): number[][] {
  const factor = lowerFactor(moves.map((a) => moves.map((b) => dot(a, b))));
  const stream = random(seed);
  return Array.from({ length: draws }, () => {
    const normals = moves.map(() => stream.normal());
    return factor.map((row) => row.reduce((sum, v, j) => sum + v * (normals[j] as number), 0));
  });
}

/** Cholesky's factor of a covariance; a sum that others determine brings nothing of its own. */
function lowerFactor(covariance: readonly (readonly number[])[]): number[][] {
  const rows: number[][] = [];
  covariance.forEach((line, i) => {
    const row: number[] = [];
    for (let j = 0; j <= i; j++) {
      const above = rows[j] ?? row;
      const left = (line[j] as number) - row.reduce((sum, v, k) => sum + v * (above[k] as number), 0);
      const pivot = above[j];
      if (i === j) row.push(Math.sqrt(Math.max(0, left)));
      else row.push(pivot === undefined || pivot === 0 ? 0 : left / pivot);
    }
    rows.push(row);
  });
  return rows;
}
