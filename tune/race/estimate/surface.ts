import { dot } from "../../../bench/stats/math/matrix.ts";
import { cholesky, forward, logDeterminant } from "./cholesky.ts";
import type { Contrasts } from "./contrasts.ts";
import type { Arm } from "../types.ts";

/** What is expected of all arms, measured or not. */
export interface Surface {
  /** The expected scores. All may be off by one common number. */
  readonly mean: Float64Array;
  /** Their covariances (row-major). */
  readonly covariance: Float64Array;
  /** The variance of one visit's noise. */
  readonly noise: number;
}

/**
 * The squared distances between arms, a matrix (row-major) for each knob. The logarithms of a knob's numbers are scaled to [0, 1]; where a number is
 * below 1, their ranks are. Two different words are `WORDS_APART` from each other.
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

/** The process's parameters, as logarithms: signal, an arm's own deviation, noise (standard deviations of scores), and for each knob the distance over which arms are alike. */
type Shape = readonly number[];

/** The shape that is expected before anything is measured: of each parameter the median, and the standard deviation of its logarithm. */
const PRIOR = { signal: [0.4, 1], own: [0.03, 0.4], noise: [0.02, 0.7], reach: [0.5, 0.8] } as const;

/** The variance of the number by which all levels may be off together: so large that it may be anything. */
const LEVEL_VARIANCE = 100;

/** What was measured: the levels of the arms with these indices. */
interface Seen extends Pick<Contrasts, "levels" | "spread" | "noise" | "df"> {
  readonly at: readonly number[];
}

/**
 * Expects the scores of all arms from those that were measured, because arms with similar settings have similar scores. It is a Gaussian process over the
 * knobs (squared exponential, a length scale for each knob; Rasmussen and Williams 2006, 5.1) with a deviation for each arm, and
 * noise. It is given the levels from least squares, which hold all that blocks say of differences. Its shape is the most likely one.
 *
 * @param apart what `distances` gives of these arms
 */
export function surface(apart: readonly Float64Array[], arms: readonly Arm[], shown: Contrasts): Surface {
  const size = arms.length;
  const index = new Map(arms.map(({ id }, i) => [id, i]));
  const seen: Seen = { ...shown, at: [...shown.measured].map((arm) => index.get(arm) as number) };
  const shape = likeliest(apart, size, seen);
  const all = kernelOf(shape, apart, size);
  const { l, weights } = fitted(shape, pick(all, size, seen.at), seen);
  const mean = new Float64Array(size);
  // Row i: how arm i goes together with each level that was measured, seen through their own covariance.
  const through = Array.from({ length: size }, (_, i) => {
    const solved = forward(
      l,
      seen.at.map((j) => all[i * size + j] as number),
    );
    mean[i] = dot(solved, weights);
    return solved;
  });
  const covariance = all.map(
    (k, at) => k - dot(through[Math.floor(at / size)] as Float64Array, through[at % size] as Float64Array),
  );
  return { mean, covariance, noise: Math.exp(2 * (shape[2] as number)) };
}

/** Rows and columns of a square matrix (row-major). */
function pick(matrix: Float64Array, size: number, rows: readonly number[]): Float64Array {
  const few = rows.length;
  return Float64Array.from(
    { length: few ** 2 },
    (_, at) => matrix[(rows[Math.floor(at / few)] as number) * size + (rows[at % few] as number)] as number,
  );
}

function kernelOf(shape: Shape, apart: readonly Float64Array[], size: number): Float64Array {
  const [signal, own, , ...reaches] = shape.map((v) => Math.exp(2 * v)) as [number, number, number];
  const kernel = new Float64Array(size ** 2);
  reaches.forEach((reach: number, k) => {
    const far = apart[k] as Float64Array;
    for (let at = 0; at < kernel.length; at++) kernel[at] = (kernel[at] as number) + (far[at] as number) / reach;
  });
  for (let at = 0; at < kernel.length; at++) kernel[at] = signal * Math.exp(-(kernel[at] as number) / 2);
  for (let i = 0; i < size; i++) kernel[i * size + i] = signal + own;
  return kernel;
}

function fitted(shape: Shape, kernel: Float64Array, { levels, spread }: Seen) {
  const noise = Math.exp(2 * (shape[2] as number));
  const l = cholesky(
    kernel.map((k, at) => k + noise * (spread[at] as number) + LEVEL_VARIANCE),
    levels.length,
  );
  return { l, weights: forward(l, levels) };
}

/** Steps by which each part of the shape is tried larger and smaller, one after the other. */
const STEPS = [0.8, 0.8, 0.4, 0.4];

function likeliest(all: readonly Float64Array[], of: number, seen: Seen): Shape {
  // Of the arms that were measured alone: the others do not say what is likely.
  const size = seen.at.length;
  const apart = all.map((far) => pick(far, of, seen.at));
  const priors = [PRIOR.signal, PRIOR.own, PRIOR.noise, ...all.map(() => PRIOR.reach)];
  const merit = (shape: Shape) => {
    const { l, weights } = fitted(shape, kernelOf(shape, apart, size), seen);
    const noise = 2 * (shape[2] as number);
    const residual = seen.df > 0 ? seen.df * (noise + seen.noise / Math.exp(noise)) : 0;
    const likely = -(dot(weights, weights) + logDeterminant(l, size) + residual) / 2;
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
