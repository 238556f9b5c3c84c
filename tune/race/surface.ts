import { dot } from "../../bench/stats/math/matrix.ts";
import { cholesky, forward, logDeterminant } from "./cholesky.ts";
import type { Arm } from "./types.ts";

/** One scored visit: of which arm, in which block. */
export interface Point {
  readonly arm: number;
  readonly block: number;
  readonly score: number;
}

/** What is thought of all arms, tried or not: means and covariances (row-major) of their scores, up to a common summand. */
export interface Surface {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
  /** The variance of one visit's noise. */
  readonly noise: number;
}

/**
 * Distances between arms, knob by knob, squared. A knob's numbers are spread over [0, 1] by their logarithms, or by their order
 * where one is below 1; other values are as far from each other as half of that.
 */
export function distances(arms: readonly Arm[]): Float64Array[] {
  const knobs = [...new Set(arms.flatMap((arm) => Object.keys(arm.settings)))];
  return knobs.map((knob) => {
    const place = placesOf(arms.map((arm) => arm.settings[knob]));
    return Float64Array.from({ length: arms.length ** 2 }, (_, at) =>
      place(Math.floor(at / arms.length), at % arms.length),
    );
  });
}

const WORDS_APART = 0.5;

function placesOf(values: readonly (string | number | undefined)[]): (a: number, b: number) => number {
  const numbers = values.filter((v) => typeof v === "number");
  if (numbers.length < values.length) return (a, b) => (values[a] === values[b] ? 0 : WORDS_APART ** 2);
  const order = [...new Set(numbers)].sort((a, b) => a - b);
  const scale = (v: number) => ((order[0] as number) >= 1 ? Math.log(v) : order.indexOf(v));
  const span = scale(order.at(-1) as number) - scale(order[0] as number) || 1;
  return (a, b) => ((scale(numbers[a] as number) - scale(numbers[b] as number)) / span) ** 2;
}

/** The logarithms of: signal, an arm's own deviation, noise, and for each knob the distance over which arms are alike. */
type Shape = readonly number[];

/** What is thought before anything is measured: medians of the shape, and how far they may be off (standard deviations of logs). */
const PRIOR = { signal: [0.4, 1], own: [0.03, 0.4], noise: [0.02, 0.7], reach: [0.5, 0.8] } as const;

/** Blocks may differ by more than arms do: what they share says nothing. */
const BLOCK_VARIANCE = 1;

/**
 * A Gaussian process over the knobs (squared exponential, a reach of its own for each knob; Rasmussen and Williams 2006, 5.1),
 * with a deviation of its own for each arm, a level for each block, and noise. The shape is the most likely one.
 */
export function surface(apart: readonly Float64Array[], size: number, points: readonly Point[]): Surface {
  const shape = likeliest(apart, size, points);
  const { kernel, l, weights } = fitted(shape, apart, size, points);
  const mean = new Float64Array(size);
  // Row i: how arm i goes together with each point, seen through the points' own covariance.
  const seen = Array.from({ length: size }, (_, i) => {
    const solved = forward(
      l,
      points.map((p) => kernel(i, p.arm)),
    );
    mean[i] = dot(solved, weights);
    return solved;
  });
  const covariance = Float64Array.from({ length: size ** 2 }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    return kernel(i, j) - dot(seen[i] as Float64Array, seen[j] as Float64Array);
  });
  return { mean, covariance, noise: Math.exp(2 * (shape[2] as number)) };
}

function fitted(shape: Shape, apart: readonly Float64Array[], size: number, points: readonly Point[]) {
  const [signal, own, noise, ...reaches] = shape.map((v) => Math.exp(2 * v)) as [number, number, number];
  const between = Float64Array.from({ length: size ** 2 }, (_, at) => {
    let exponent = 0;
    reaches.forEach((reach: number, k) => (exponent += ((apart[k] as Float64Array)[at] as number) / reach));
    return signal * Math.exp(-exponent / 2) + (Math.floor(at / size) === at % size ? own : 0);
  });
  const kernel = (i: number, j: number) => between[i * size + j] as number;
  const n = points.length;
  const matrix = Float64Array.from({ length: n * n }, (_, at) => {
    const [a, b] = [points[Math.floor(at / n)] as Point, points[at % n] as Point];
    return kernel(a.arm, b.arm) + (a.block === b.block ? BLOCK_VARIANCE : 0) + (a === b ? noise : 0);
  });
  const l = cholesky(matrix, n);
  return {
    kernel,
    l,
    weights: forward(
      l,
      points.map((p) => p.score),
    ),
  };
}

/** Steps by which each part of the shape is tried larger and smaller, one after the other. */
const STEPS = [0.8, 0.8, 0.4, 0.4];

/** So many visits show the shape; with all of a long race, each decision would take seconds. */
const ENOUGH_POINTS = 80;

function likeliest(all: readonly Float64Array[], of: number, measured: readonly Point[]): Shape {
  const some = measured.slice(0, ENOUGH_POINTS);
  // Of the arms that were measured alone: the others do not say what is likely.
  const arms = [...new Set(some.map((p) => p.arm))];
  const size = arms.length;
  const points = some.map((p) => ({ ...p, arm: arms.indexOf(p.arm) }));
  const apart = all.map((d) =>
    Float64Array.from({ length: size ** 2 }, (_, at) => {
      const [i, j] = [arms[Math.floor(at / size)] as number, arms[at % size] as number];
      return d[i * of + j] as number;
    }),
  );
  const priors = [PRIOR.signal, PRIOR.own, PRIOR.noise, ...all.map(() => PRIOR.reach)];
  const merit = (shape: Shape) => {
    const { l, weights } = fitted(shape, apart, size, points);
    const likely = -(dot(weights, weights) + logDeterminant(l, points.length)) / 2;
    const unlikely = shape.reduce((sum, v, i) => {
      const [median, spread] = priors[i] as readonly [number, number];
      return sum + ((v - Math.log(median)) / spread) ** 2 / 2;
    }, 0);
    return Number.isNaN(likely) ? -Infinity : likely - unlikely;
  };
  let best: Shape = priors.map(([median]) => Math.log(median));
  let most = merit(best);
  for (const step of STEPS)
    for (let i = 0; i < best.length; i++)
      for (const by of [step, -step]) {
        const tried = best.map((v, j) => (i === j ? v + by : v));
        const reached = merit(tried);
        if (reached > most) [best, most] = [tried, reached];
      }
  return best;
}
