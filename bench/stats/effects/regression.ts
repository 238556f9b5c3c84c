import { type Design, type Levels, type ModelSpec, makeDesign } from "./design.ts";
import { type Groups, demean, groupsOf } from "../math/groups.ts";
import { dot, inverseInformation, invertSymmetric, multiply } from "../math/least-squares.ts";
import type { Sample } from "./blocks.ts";

/** One visit: the logarithm of its median latency (its `value`), where and when it was measured. */
export interface Observation extends Sample {
  readonly levels: Levels;
}

/** Least squares on visits, rounds swept out as blocks (Frisch, Waugh, Lovell), every cell weighing the same. */
export interface Regression {
  readonly design: Design;
  readonly cells: Groups;
  readonly rounds: Groups;
  /** One a visit, rounds swept out. */
  readonly rows: readonly Float64Array[];
  readonly y: Float64Array;
  /** One over the visits of the cell. */
  readonly weights: Float64Array;
  readonly inverse: Float64Array;
  readonly coefficients: Float64Array;
  readonly residuals: Float64Array;
  /** Means over the cells, rounds left in: of the values, and of the design's rows. */
  readonly centre: { readonly value: number; readonly row: Float64Array };
  /** The matrix that makes residuals of values, row i: what the value of visit j counts in the residual of visit i. */
  residualRow(i: number): (j: number) => number;
  /** How far a combination of coefficients moves with each visit's value. */
  pull(combination: Float64Array): Float64Array;
}

/** @returns undefined where the terms cannot be separated, or nothing varies */
export function regress(observations: readonly Observation[], spec: ModelSpec): Regression | undefined {
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
  const centre = {
    value: observations.reduce((sum, o, i) => sum + (o.value * (weights[i] as number)) / cells.count, 0),
    row: new Float64Array(width).map((_, j) =>
      rows.reduce((sum, row, i) => sum + ((row[j] as number) * (weights[i] as number)) / cells.count, 0),
    ),
  };
  sweepRounds(rows, width, rounds, weights);
  const y = Float64Array.from(observations, (o) => o.value);
  demean(y, rounds, weights);
  const inverse = inverseInformation({ rows, weights, width });
  if (inverse === undefined) return undefined;
  const score = new Float64Array(width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++)
      score[j] = (score[j] as number) + (weights[i] as number) * (row[j] as number) * (y[i] as number);
  });
  const coefficients = multiply(inverse, score);
  const roundWeight = new Float64Array(rounds.count);
  rounds.of.forEach((r, i) => (roundWeight[r] = (roundWeight[r] as number) + (weights[i] as number)));
  const pull = (combination: Float64Array) => {
    const direction = multiply(inverse, combination);
    return Float64Array.from(rows, (row, i) => dot(row, direction) * (weights[i] as number));
  };
  return {
    ...{ design, cells, rounds, rows, y, weights, inverse, coefficients, pull, centre },
    residuals: Float64Array.from(rows, (row, i) => (y[i] as number) - dot(row, coefficients)),
    residualRow: (i) => {
      const direction = multiply(inverse, rows[i] as Float64Array);
      const round = rounds.of[i] as number;
      return (j) => {
        const level = rounds.of[j] === round ? 1 / (roundWeight[round] as number) : 0;
        return (i === j ? 1 : 0) - (weights[j] as number) * (dot(rows[j] as Float64Array, direction) + level);
      };
    },
  };
}

function sweepRounds(rows: readonly Float64Array[], width: number, rounds: Groups, weights: Float64Array): void {
  const column = new Float64Array(rows.length);
  for (let j = 0; j < width; j++) {
    rows.forEach((row, i) => (column[i] = row[j] as number));
    demean(column, rounds, weights);
    rows.forEach((row, i) => (row[j] = column[i] as number));
  }
}

/** A regression without some of its visits, each the only one of its cell. */
export interface SetAside {
  readonly indices: readonly number[];
  /** How far each lies from what all others make of it. */
  readonly shifts: Float64Array;
  readonly coefficients: Float64Array;
  readonly residuals: Float64Array;
  /** The share of a visit's own error in its residual, as a variance: 0 where the fit goes through it whatever it is. */
  freedom(i: number, residualRow: (j: number) => number): number;
  /** The same combination without those visits: nothing of it moves with them any more. */
  adjust(pull: Float64Array): Float64Array;
}

/**
 * Takes visits out of a fit by a parameter of its own for each, the mean-shift outlier model (Cook and Weisberg, Residuals
 * and Influence in Regression, 1982, 2.2.2). The same as to leave them out, or to put the others' prediction in their place.
 *
 * @param makers residual rows of these visits
 * @returns undefined where the others cannot predict them
 */
export function setAside(
  fit: Regression,
  indices: readonly number[],
  makers: readonly ((j: number) => number)[] = indices.map((i) => fit.residualRow(i)),
): SetAside | undefined {
  const size = indices.length;
  const residualRows = makers.map((row) => Float64Array.from(fit.residuals, (_, j) => row(j)));
  const block = new Float64Array(size * size);
  residualRows.forEach((row, a) => indices.forEach((i, b) => (block[a * size + b] = row[i] as number)));
  const inverse = invertSymmetric(block, size);
  if (inverse === undefined) return undefined;
  const shifts = multiply(
    inverse,
    Float64Array.from(indices, (i) => fit.residuals[i] as number),
  );
  const residuals = Float64Array.from(fit.residuals);
  const score = new Float64Array(fit.design.width);
  indices.forEach((i, a) => {
    const shift = shifts[a] as number;
    const row = residualRows[a] as Float64Array;
    // These visits weigh 1: a column of the maker is the row over the weights.
    row.forEach((m, j) => (residuals[j] = (residuals[j] as number) - (m / (fit.weights[j] as number)) * shift));
    fit.rows[i]?.forEach((x, j) => (score[j] = (score[j] as number) + x * shift));
  });
  const moved = multiply(fit.inverse, score);
  return {
    indices,
    shifts,
    coefficients: fit.coefficients.map((b, j) => b - (moved[j] as number)),
    residuals,
    freedom(i, own) {
      const cross = Float64Array.from(indices, own);
      return own(i) - dot(cross, multiply(inverse, cross));
    },
    adjust(pull) {
      const share = multiply(
        inverse,
        Float64Array.from(indices, (i) => pull[i] as number),
      );
      const left = Float64Array.from(pull);
      residualRows.forEach((row, a) => {
        const s = share[a] as number;
        row.forEach((m, j) => (left[j] = (left[j] as number) - s * m));
      });
      return left;
    },
  };
}
