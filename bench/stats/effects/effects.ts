import type { Design, Levels, ModelSpec } from "./design.ts";
import type { Interval, RatioEstimate } from "../math/estimate.ts";
import { dot } from "../math/least-squares.ts";
import { type Noise, noiseOf } from "./noise.ts";
import { jointDraws, varianceOf } from "./propagation.ts";
import { quantile } from "../math/quantile.ts";
import { type Observation, type Regression, type SetAside, regress, setAside } from "./regression.ts";
import { ALL_SOUND, SCREENING_RULE, type Screening } from "./screening.ts";
import { normalQuantile, studentQuantile } from "../math/special.ts";
import { standIns, withMisfit } from "./unmeasured.ts";

export type { Observation } from "./regression.ts";

/** A linear combination of coefficients, as a logarithm. */
export interface Contrast {
  readonly log: number;
  /** Null where the data cannot give one that says anything. */
  readonly interval: Interval | null;
  /** What moves it, each as a standard deviation, in one order for all contrasts of a fit; empty where that is not known. */
  readonly moves: Float64Array;
  readonly df: number;
}

/** A fitted model of log latency. */
export interface EffectsFit {
  readonly design: Design;
  readonly coefficients: Float64Array;
  readonly observations: number;
  readonly cells: number;
  readonly rounds: number;
  /** Share of the variation between cells that the model's terms explain, 0 to 1. */
  readonly explained: number;
  /** Standard deviation of a visit's log median in its cell, round and machine: the noise. NaN where no cell has two visits. */
  readonly noise: number;
  /** Standard deviation of what the model leaves unexplained of a cell. NaN where it has as many terms as there are cells. */
  readonly misfit: number;
  /** Combinations of levels that no cell was measured of. */
  readonly missing: number;
  /** Cells that are set aside: see `screenOnce`. */
  readonly wild: readonly string[];
  /** The mean of log latency at some levels, averaged over what is not named. */
  level(at: Levels): Contrast;
  /** A contrast's value with what is set aside. */
  asMeasured(over: Levels, under: Levels): number;
  /** The mean of log latency at some levels against other levels, averaged over what neither names. */
  contrast(over: Levels, under: Levels): Contrast;
  /** Any combination of the coefficients. */
  combination(weights: Float64Array): Contrast;
}

/** The model in words, for the report. */
export const EFFECTS_RULE =
  "log(median latency of a visit) = client kind + model + place + image + interactions + round, least squares, every cell " +
  "weighing the same, rounds as blocks; the noise from the cells visited twice and more: that of each visit (by model and " +
  "client kind), and what all visits of one round to one server machine have in common, for what slows a machine down for " +
  "some minutes slows all that it serves then (machines are taken to be equally steady, and what lasts longer than the run " +
  "is not seen); a cell visited once brings the noise of its like. 95 % intervals: Student's t " +
  "with Satterthwaite's degrees of freedom, for functions of several effects drawn from their joint normal distribution. " +
  "With two rounds of three machines a comparison of machines has two degrees of freedom and a wide interval; one of models " +
  "or clients on the same machines has many. None is given that would reach beyond a factor of 1000. They tell how well " +
  "these cells were measured, not how other images or machines would do. Where combinations were not measured, or are set " +
  `aside, the model stands in for them, and its misfit of a cell is part of the interval. ${SCREENING_RULE}`;

const LEVEL = 0.95;
/** Half of an interval, as a logarithm, beyond which it says nothing. */
export const WIDEST = Math.log(1000);

/** What a fit may be told beside the visits. */
export interface FitOptions {
  /** The noise of measuring, rounds swept out, where it is known from more than what is fitted. */
  readonly noise?: Noise;
  /** The same with rounds left in: what a level is known by. Default: of what is fitted. */
  readonly levelNoise?: Noise;
  /** What is to be thought of cells visited once. Default: nothing. */
  readonly screening?: Screening;
}

/**
 * Fits log latency by weighted least squares, rounds swept out as blocks (Frisch, Waugh, Lovell), every cell weighing the
 * same however many visits it has.
 *
 * The error is that of measuring: the noise of visits and of machines' rounds, and not the model's lack of fit, so an
 * effect is an average over exactly these cells, and its interval says how well that average is known. Where cells of that
 * average are not measured, or set aside, the model stands in for them: there the lack of fit counts, too.
 *
 * @returns undefined where the terms cannot be told apart on these cells, or nothing varies
 */
export function fitEffects(
  observations: readonly Observation[],
  spec: ModelSpec,
  options: FitOptions = {},
): EffectsFit | undefined {
  const fit = regress(observations, spec);
  if (fit === undefined) return undefined;
  const { design, cells, rounds, weights } = fit;
  const { wild, untested } = options.screening ?? ALL_SOUND;
  const indicesOf = (some: { has(cell: string): boolean }) =>
    observations.flatMap((o, i) => (some.has(o.cell) ? [i] : []));
  const out = setAside(fit, indicesOf(wild));
  // Where the others cannot stand in for what is wild, it stays, and nothing that rests on it has an interval.
  const doubtful = [...indicesOf(untested), ...(out === undefined ? indicesOf(wild) : [])];
  const { coefficients, residuals } = out ?? fit;
  const stand = standIns(observations, fit, out);

  const noise = options.noise ?? noiseOf(observations, { swept: true });
  const levelNoise = lazily(() => options.levelNoise ?? noiseOf(observations, { swept: false }));
  const estimate = (
    log: number,
    pulled: () => Float64Array,
    { errors, target }: { readonly errors: () => Noise; readonly target?: () => Float64Array },
  ): Contrast => {
    // This takes time, and many a contrast is asked for its value alone.
    const known = lazily(() => {
      const whole = pulled();
      const doubt = doubtful.reduce((sum, i) => sum + (whole[i] as number) ** 2, 0);
      if (doubt > APART * whole.reduce((sum, p) => sum + p ** 2, 0)) return UNTOLD;
      const pull = out === undefined ? whole : out.adjust(whole);
      const measured = varianceOf(observations, pull, errors());
      const { variance, df, moves } =
        stand.count === 0
          ? measured
          : withMisfit(measured, stand, less(target?.() ?? stand.gather(whole), stand.gather(pull)));
      const half = df >= 1 ? studentQuantile((1 + LEVEL) / 2, df) * Math.sqrt(variance) : Infinity;
      return half <= WIDEST ? { interval: { low: log - half, high: log + half }, moves, df } : UNTOLD;
    });
    return {
      log,
      get interval() {
        return known().interval;
      },
      get moves() {
        return known().moves;
      },
      get df() {
        return known().df;
      },
    };
  };
  const between = (over: Levels, under: Levels) => less(design.marginalRow(over), design.marginalRow(under));
  return {
    design,
    coefficients,
    observations: observations.length,
    cells: cells.count,
    rounds: rounds.count,
    explained: explainedShare(fit, residuals, out),
    noise: noise.own === undefined ? NaN : Math.sqrt(noise.own.variance),
    misfit: stand.misfit,
    missing: stand.count - (out?.indices.length ?? 0),
    wild: out === undefined ? [] : [...wild.keys()].filter((cell) => observations.some((o) => o.cell === cell)),
    combination: (l) => estimate(dot(l, coefficients), () => fit.pull(l), { errors: () => noise }),
    contrast(over, under) {
      const l = between(over, under);
      const target = () => less(stand.target(over), stand.target(under));
      return estimate(dot(l, coefficients), () => fit.pull(l), { errors: () => noise, target });
    },
    asMeasured: (over, under) => dot(between(over, under), fit.coefficients),
    level(at) {
      const l = less(design.marginalRow(at), fit.centre.row);
      const moved = (out?.shifts.reduce((a, b) => a + b, 0) ?? 0) / cells.count;
      const pulled = () => fit.pull(l).map((p, i) => p + (weights[i] as number) / cells.count);
      return estimate(fit.centre.value - moved + dot(l, coefficients), pulled, {
        errors: levelNoise,
        target: () => stand.target(at),
      });
    },
  };
}

const UNTOLD = { interval: null, moves: new Float64Array(), df: 0 };
/** Where so small a share of an estimate's weight, squared, rests on something, it does not rest on it. */
const APART = 1e-3;

const less = (a: Float64Array, b: Float64Array) => a.map((v, i) => v - (b[i] as number));

/** A contrast as a ratio. */
export function ratioOfContrast(c: Contrast): RatioEstimate {
  return {
    ratio: Math.exp(c.log),
    interval: c.interval && { low: Math.exp(c.interval.low), high: Math.exp(c.interval.high) },
  };
}

/** The interval of a function of contrasts of one fit, from draws of all of them together. */
export function jointInterval(
  contrasts: readonly Contrast[],
  f: (logs: readonly number[]) => number,
  seed = 1,
): Interval | null {
  if (contrasts.some((c) => c.interval === null)) return null;
  const centre = f(contrasts.map((c) => c.log));
  const drawn = jointDraws(
    contrasts.map((c) => c.moves),
    { draws: DRAWS, seed },
  ).map((errors) => f(contrasts.map((c, i) => c.log + (errors[i] as number))) - centre);
  return shift(widened(Float64Array.from(drawn), Math.min(...contrasts.map((c) => c.df))), centre);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const DRAWS = 1000;

/** Percentiles of centred draws, stretched from the normal's width to Student's. */
function widened(draws: Float64Array, df: number): Interval {
  const sorted = draws.slice().sort();
  const tail = (1 - LEVEL) / 2;
  const stretch = studentQuantile(1 - tail, df) / normalQuantile(1 - tail);
  return { low: stretch * quantile(sorted, tail), high: stretch * quantile(sorted, 1 - tail) };
}

function shift(i: Interval, by: number): Interval {
  return { low: i.low + by, high: i.high + by };
}

function explainedShare(fit: Regression, residuals: Float64Array, out: SetAside | undefined): number {
  const { cells, weights, y } = fit;
  const means = (values: Float64Array) => {
    const sums = new Float64Array(cells.count);
    values.forEach((v, i) => {
      const c = cells.of[i] as number;
      sums[c] = (sums[c] as number) + (weights[i] as number) * v;
    });
    const gone = new Set(out?.indices.map((i) => cells.of[i]));
    return sums.filter((_, c) => !gone.has(c));
  };
  const measured = means(y);
  const grand = measured.reduce((a, b) => a + b, 0) / measured.length;
  const lack = means(residuals).reduce((sum, r) => sum + r ** 2, 0);
  const total = measured.reduce((sum, m) => sum + (m - grand) ** 2, 0);
  return total === 0 ? 1 : 1 - lack / total;
}
