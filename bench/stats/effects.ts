import { type Design, type Levels, type ModelSpec, makeDesign } from "./design.ts";
import { type Groups, demean, groupsOf } from "./groups.ts";
import type { Interval, RatioEstimate } from "./estimate.ts";
import { dot, inverseInformation, multiply } from "./least-squares.ts";
import { quantile } from "./quantile.ts";
import { random } from "./random.ts";
import { type Noise, noiseOf } from "./noise.ts";
import { normalQuantile, studentQuantile } from "./special.ts";

/** One visit: the logarithm of its median latency, where and when it was measured. */
export interface Observation {
  readonly cell: string;
  readonly round: number;
  readonly levels: Levels;
  readonly logMs: number;
}

/** A linear combination of coefficients, as a logarithm. */
export interface Contrast {
  readonly log: number;
  readonly interval: Interval | null;
  /** The bootstrap's draws of it; empty where there is no error to be seen. */
  readonly draws: Float64Array;
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
  /** Standard deviation of a visit's log median around its cell and round: the noise. NaN where no cell has two visits. */
  readonly noise: number;
  /** The mean of log latency at some levels against other levels, averaged over what neither names. */
  contrast(over: Levels, under: Levels): Contrast;
  /** Any combination of the coefficients. */
  combination(weights: Float64Array): Contrast;
}

/** The model in words, for the report. */
export const EFFECTS_RULE =
  "log(median latency of a visit) = client kind + model + place + image + interactions + round, least squares, every cell " +
  "weighing the same, rounds as blocks; 95 % intervals: Student's t with the noise of whole rounds as clusters (visits less " +
  "their cell and round), for functions of several effects the wild cluster bootstrap. They tell how well these cells were " +
  "measured, not how other images or machines would do";

const LEVEL = 0.95;

/**
 * Fits log latency by weighted least squares, rounds swept out as blocks (Frisch, Waugh, Lovell), every cell weighing the
 * same however many visits it has.
 *
 * The error is that of measuring: a visit's deviation from its own cell and round, never the model's lack of fit, so an
 * effect is an average over exactly these cells, and its interval says how well that average is known.
 *
 * @returns undefined where the terms cannot be told apart on these cells, or nothing varies
 */
export function fitEffects(
  observations: readonly Observation[],
  spec: ModelSpec,
  options: { readonly seed: number; readonly draws?: number },
): EffectsFit | undefined {
  const cells = groupsOf(observations.map((o) => o.cell));
  const rounds = groupsOf(observations.map((o) => String(o.round)));
  const visitsOf = new Float64Array(cells.count);
  for (const c of cells.of) visitsOf[c] = (visitsOf[c] as number) + 1;
  const weights = Float64Array.from(cells.of, (c) => 1 / (visitsOf[c] as number));
  const design = makeDesign(
    observations.map((o) => o.levels),
    spec,
  );
  const { width } = design;
  if (width === 0) return undefined;

  const rows = observations.map((o) => design.row(o.levels));
  sweepRounds(rows, width, rounds, weights);
  const y = Float64Array.from(observations, (o) => o.logMs);
  demean(y, rounds, weights);
  const inverse = inverseInformation({ rows, weights, width });
  if (inverse === undefined) return undefined;
  const score = new Float64Array(width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++)
      score[j] = (score[j] as number) + (weights[i] as number) * (row[j] as number) * (y[i] as number);
  });
  const coefficients = multiply(inverse, score);

  const noise = noiseOf({ y, cells, rounds, weights, visitsOf });
  const combination = (l: Float64Array): Contrast => {
    const log = dot(l, coefficients);
    if (noise.df <= 0) return { log, interval: null, draws: new Float64Array(), df: 0 };
    // Drawing takes time, and many a contrast is asked for its value alone.
    const drawn = lazily(() => {
      // How far each visit moves the combination, and with its noise each round does.
      const direction = multiply(inverse, l);
      const pull = Float64Array.from(rows, (row, i) => dot(row, direction) * (weights[i] as number));
      const clusters = clusterMoves(pull, noise, rounds);
      const df = clusters.effective - 1;
      if (!(df > 0)) return { interval: null, draws: new Float64Array(), df: 0 };
      const se = Math.sqrt(clusters.moves.reduce((sum, m) => sum + m * m, 0));
      const half = studentQuantile((1 + LEVEL) / 2, df) * se;
      const draws = drawSums(clusters.moves, options.draws ?? DRAWS, options.seed);
      return { interval: { low: log - half, high: log + half }, draws: draws.map((d) => d + log), df };
    });
    return {
      log,
      get interval() {
        return drawn().interval;
      },
      get draws() {
        return drawn().draws;
      },
      get df() {
        return drawn().df;
      },
    };
  };
  return {
    design,
    coefficients,
    observations: observations.length,
    cells: cells.count,
    rounds: rounds.count,
    explained: explainedShare(rows, coefficients, y, weights, cells),
    noise: noise.sd,
    combination,
    contrast: (over, under) =>
      combination(design.marginalRow(over).map((v, i) => v - (design.marginalRow(under)[i] as number))),
  };
}

/** A contrast as a ratio. */
export function ratioOfContrast(c: Contrast): RatioEstimate {
  return {
    ratio: Math.exp(c.log),
    interval: c.interval && { low: Math.exp(c.interval.low), high: Math.exp(c.interval.high) },
  };
}

/** The interval of a function of contrasts, from their draws (made with one seed, so they go together draw by draw). */
export function jointInterval(contrasts: readonly Contrast[], f: (logs: readonly number[]) => number): Interval | null {
  const count = Math.min(...contrasts.map((c) => c.draws.length));
  if (count === 0) return null;
  const centre = f(contrasts.map((c) => c.log));
  const drawn = Float64Array.from({ length: count }, (_, b) => f(contrasts.map((c) => c.draws[b] as number)) - centre);
  return shift(widened(drawn.sort(), Math.min(...contrasts.map((c) => c.df))), centre);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function sweepRounds(rows: readonly Float64Array[], width: number, rounds: Groups, weights: Float64Array): void {
  const column = new Float64Array(rows.length);
  for (let j = 0; j < width; j++) {
    rows.forEach((row, i) => (column[i] = row[j] as number));
    demean(column, rounds, weights);
    rows.forEach((row, i) => (row[j] = column[i] as number));
  }
}

/**
 * The noise of each round as one: what slows a machine down for a while slows all cells of that round. A cell visited once
 * has no noise to be seen and brings the typical one, by itself.
 */
function clusterMoves(
  pull: Float64Array,
  noise: Noise,
  rounds: Groups,
): { readonly moves: Float64Array; readonly effective: number } {
  const byRound = new Float64Array(rounds.count);
  const weight = new Float64Array(rounds.count);
  const single: number[] = [];
  rounds.of.forEach((r, i) => {
    const p = pull[i] as number;
    weight[r] = (weight[r] as number) + p * p;
    if (noise.single[i] === 1) single.push(p * noise.sd);
    else byRound[r] = (byRound[r] as number) + p * (noise.residuals[i] as number);
  });
  const sum = weight.reduce((a, b) => a + b, 0);
  const effective = sum === 0 ? 0 : sum ** 2 / weight.reduce((a, b) => a + b * b, 0);
  return { moves: Float64Array.from([...byRound, ...single]), effective };
}

const DRAWS = 1000;

/** Sums of the moves, each times a standard normal number. Draw b of two contrasts of one fit has the same numbers. */
function drawSums(moves: Float64Array, draws: number, seed: number): Float64Array {
  const stream = random(seed);
  return Float64Array.from({ length: draws }, () => moves.reduce((sum, move) => sum + stream.normal() * move, 0));
}

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

function explainedShare(
  rows: readonly Float64Array[],
  coefficients: Float64Array,
  y: Float64Array,
  weights: Float64Array,
  cells: Groups,
): number {
  const means = (values: Float64Array) => {
    const sums = new Float64Array(cells.count);
    values.forEach((v, i) => {
      const c = cells.of[i] as number;
      sums[c] = (sums[c] as number) + (weights[i] as number) * v;
    });
    return sums;
  };
  const measured = means(y);
  const fitted = means(Float64Array.from(rows, (row) => dot(row, coefficients)));
  const grand = measured.reduce((a, b) => a + b, 0) / cells.count;
  let lack = 0;
  let total = 0;
  measured.forEach((m, c) => {
    lack += (m - (fitted[c] as number)) ** 2;
    total += (m - grand) ** 2;
  });
  return total === 0 ? 1 : 1 - lack / total;
}
