import { dot } from "../math/matrix.ts";
import type { Sample } from "./blocks.ts";
import type { Noise } from "./noise.ts";
import { random } from "../math/random.ts";

/** How well a weighted sum of visits is known. */
export interface Propagated {
  readonly variance: number;
  /** 0 where the noise that counts here is not known. */
  readonly df: number;
  /** What moves the sum, each as a standard deviation: machines in their rounds, then visits. */
  readonly moves: Float64Array;
}

/** Where so small a share of a sum's weight is common to a machine and round, what they have in common does not count. */
const APART = 1e-3;

/**
 * The variance of a weighted sum of visits: each visit's own noise, and what the visits of a machine in one round share.
 *
 * Satterthwaite's degrees of freedom. What is shared was estimated from means, with visits' own noise in them, so that
 * share of it goes by the degrees of freedom of those means: there are few of them, but where the machines were steady the
 * variance is never taken to be below what visits' own noise makes it.
 */
export function varianceOf(samples: readonly Sample[], weights: Float64Array, noise: Noise): Propagated {
  const blocks = new Map<string, { sum: number; visits: number }>();
  const own = new Map<string, { variance: number; df: number }>();
  const moves: number[] = [];
  let squares = 0;
  let visitVariance = 0;
  samples.forEach(({ machine, round, alike }, i) => {
    const weight = weights[i] as number;
    const key = `${machine}|${round}`;
    const block = blocks.get(key) ?? { sum: 0, visits: 0 };
    blocks.set(key, { sum: block.sum + weight, visits: block.visits + 1 });
    const { variance, df, name } = noise.of(alike);
    own.set(name, { variance: (own.get(name)?.variance ?? 0) + weight ** 2 * variance, df });
    moves.push(weight * Math.sqrt(variance));
    squares += weight ** 2;
    visitVariance += weight ** 2 * variance;
  });
  const sums = [...blocks.values()];
  const together = sums.reduce((sum, b) => sum + b.sum ** 2, 0);
  const { shared } = noise;
  const apart = sums.reduce((sum, b) => sum + b.sum ** 2 / b.visits, 0) <= APART * squares;
  if (noise.own === undefined || (shared === undefined && !apart))
    return { variance: NaN, df: 0, moves: new Float64Array() };
  const sharedVariance = together * (shared?.variance ?? 0);
  const variance = sharedVariance + visitVariance;
  // Visits' noise in the means: it is part of the visits' variance, and no more than that.
  const inMeans = Math.min(visitVariance, together * ((shared?.ofMeans ?? 0) - (shared?.variance ?? 0)));
  const part = visitVariance === 0 ? 0 : 1 - inMeans / visitVariance;
  let below = shared === undefined ? 0 : (sharedVariance + inMeans) ** 2 / shared.df;
  for (const group of own.values()) below += (part * group.variance) ** 2 / group.df;
  const df = variance === 0 ? Math.min(...[...own.values()].map((g) => g.df)) : variance ** 2 / below;
  const scale = Math.sqrt(shared?.variance ?? 0);
  return { variance, df, moves: Float64Array.from([...sums.map((b) => b.sum * scale), ...moves]) };
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
