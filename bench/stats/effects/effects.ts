import type { Design, Levels, ModelSpec } from "./design.ts";
import { type Contrast, contrastOf, lazily } from "./contrast.ts";
import { dot } from "../math/matrix.ts";
import type { Noise } from "./components.ts";
import { noiseOf } from "./noise.ts";
import { DRIFT_RULE } from "./persistence.ts";
import { varianceOf } from "./propagation.ts";
import { type Observation, type Regression, type SetAside, regress, setAside } from "./regression.ts";
import { ALL_SOUND, SCREENING_RULE, type Screening } from "./screening.ts";
import { type Unmeasured, unmeasured, withMisfit } from "./unmeasured.ts";

/** A fitted model of log latency. */
export interface EffectsFit {
  readonly design: Design;
  readonly coefficients: Float64Array;
  readonly observations: number;
  readonly cells: number;
  readonly rounds: number;
  /** Share of the variation between cells that the model's terms explain, 0 to 1. */
  readonly explained: number;
  /** Standard deviation of a visit's log median in its cell, round and machine: the noise. NaN if no cell has two visits. */
  readonly noise: number;
  /** Standard deviation of what the model leaves unexplained of a cell. NaN if it has as many terms as there are cells. */
  readonly misfit: number;
  /** How far a machine's noise of one round goes together with that of the next, 0 to 0.9: intervals are widened for it. */
  readonly lasting: number;
  /** Combinations of levels that no cell was measured of. */
  readonly missing: number;
  /** Cells that are set aside: see `screenOnce`. */
  readonly outliers: readonly string[];
  /** The mean of log latency at some levels, averaged over what is not named. */
  level(at: Levels): Contrast;
  /** A contrast's value with what is set aside. */
  asMeasured(over: Levels, under: Levels): number;
  /** The mean of log latency at some levels against other levels, averaged over what neither names. */
  contrast(over: Levels, under: Levels): Contrast;
}

/** The model in words, for the report. */
export const EFFECTS_RULE =
  "log(median latency of a visit) = a term for each level of a factor and for each interaction + round, by least squares, every cell " +
  "weighing the same. The noise is estimated from cells that were visited at least twice. Each visit has its own (by model and client kind). " +
  "Visits of one round share noise by server machine, by placement, and by client kind and model there: what slows a machine down for " +
  "some minutes slows all that it serves then. A cell visited once counts as noisy as similar cells. " +
  "95 % intervals: Student's t with Satterthwaite's degrees of freedom; for functions of several effects, draws from their joint normal " +
  "distribution. With two rounds a comparison of machines has few degrees of freedom and a wide interval; one of models or clients on " +
  "the same machines has many. No interval is given that is wider than a factor of 1000 to either side. Intervals tell how well these " +
  "cells were measured, not how other images or machines would do. The model predicts combinations that were not measured, or are set " +
  `aside; how badly it fits a cell is part of their interval. ${DRIFT_RULE} ${SCREENING_RULE}`;

/** What a fit may be given beside the visits. */
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
 * average are not measured, or set aside, the model predicts them: there the lack of fit counts, too.
 *
 * @returns undefined if the terms cannot be separated on these cells, or nothing varies
 */
export function fitEffects(
  observations: readonly Observation[],
  spec: ModelSpec,
  options: FitOptions = {},
): EffectsFit | undefined {
  const fit = regress(observations, spec);
  if (fit === undefined) return undefined;
  const { design, cells, rounds, weights } = fit;
  const { outliers, untested } = options.screening ?? ALL_SOUND;
  const indicesOf = (some: { has(cell: string): boolean }) =>
    observations.flatMap((o, i) => (some.has(o.cell) ? [i] : []));
  const out = setAside(fit, indicesOf(outliers));
  // Where the others cannot predict an outlier, it stays, and nothing that rests on it has an interval.
  const doubtful = [...indicesOf(untested), ...(out === undefined ? indicesOf(outliers) : [])];
  const { coefficients, residuals } = out ?? fit;
  const missing = unmeasured(observations, fit, out);
  const noise = options.noise ?? noiseOf(observations, { swept: true });
  const levelNoise = lazily(() => options.levelNoise ?? noiseOf(observations, { swept: false }));
  const errorOf = errors(observations, out, doubtful, missing);
  const between = (over: Levels, under: Levels) => less(design.marginalRow(over), design.marginalRow(under));
  return {
    design,
    coefficients,
    observations: observations.length,
    cells: cells.count,
    rounds: rounds.count,
    explained: explainedShare(fit, residuals, out),
    noise: noise.own === undefined ? NaN : Math.sqrt(noise.own.variance),
    misfit: missing.misfit,
    lasting: Math.max(0, ...noise.layers.map((layer) => layer.persistence)),
    missing: missing.count - (out?.indices.length ?? 0),
    outliers: out === undefined ? [] : [...outliers.keys()].filter((cell) => observations.some((o) => o.cell === cell)),
    contrast(over, under) {
      const l = between(over, under);
      return contrastOf(dot(l, coefficients), () =>
        errorOf(fit.pull(l), noise, less(missing.target(over), missing.target(under))),
      );
    },
    asMeasured: (over, under) => dot(between(over, under), fit.coefficients),
    level(at) {
      const l = less(design.marginalRow(at), fit.centre.row);
      const moved = (out?.shifts.reduce((a, b) => a + b, 0) ?? 0) / cells.count;
      return contrastOf(fit.centre.value - moved + dot(l, coefficients), () => {
        const pulled = fit.pull(l).map((p, i) => p + (weights[i] as number) / cells.count);
        return errorOf(pulled, levelNoise(), missing.target(at));
      });
    },
  };
}

/** Where so small a share of an estimate's weight, squared, rests on something, it does not rest on it. */
const APART = 1e-3;

const less = (a: Float64Array, b: Float64Array) => a.map((v, i) => v - (b[i] as number));

/** The error of a weighted sum of visits; undefined if it rests on doubtful ones. */
function errors(
  observations: readonly Observation[],
  out: SetAside | undefined,
  doubtful: readonly number[],
  missing: Unmeasured,
) {
  return (whole: Float64Array, noise: Noise, target: Float64Array) => {
    const doubt = doubtful.reduce((sum, i) => sum + (whole[i] as number) ** 2, 0);
    if (doubt > APART * whole.reduce((sum, p) => sum + p ** 2, 0)) return undefined;
    const pull = out === undefined ? whole : out.adjust(whole);
    const measured = varianceOf(observations, pull, noise);
    return missing.count === 0 ? measured : withMisfit(measured, missing, less(target, missing.gather(pull)));
  };
}

function explainedShare(fit: Regression, residuals: Float64Array, out: SetAside | undefined): number {
  const gone = new Set(out?.indices.map((i) => fit.cells.of[i]));
  const means = (values: Float64Array) => fit.cellMeans(values).filter((_, c) => !gone.has(c));
  const measured = means(fit.y);
  const grand = measured.reduce((a, b) => a + b, 0) / measured.length;
  const lack = means(residuals).reduce((sum, r) => sum + r ** 2, 0);
  const total = measured.reduce((sum, m) => sum + (m - grand) ** 2, 0);
  return total === 0 ? 1 : 1 - lack / total;
}
