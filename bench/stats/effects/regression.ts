import { type Design, type Levels, type ModelSpec, makeDesign } from "./design.ts";
import { dot, invertSymmetric, multiply } from "../math/matrix.ts";
import type { Sample } from "./blocks.ts";

/** One visit: the logarithm of its median latency (its `value`), where and when it was measured. */
export interface Observation extends Sample {
  readonly levels: Levels;
}

/** Groups of visits, numbered in the order in which they come. */
interface Groups {
  /** The group of each visit. */
  readonly of: Int32Array;
  readonly count: number;
}

function groupsOf(labels: readonly (string | number)[]): Groups {
  const numbers = new Map([...new Set(labels)].map((label, i) => [label, i]));
  return { of: Int32Array.from(labels, (l) => numbers.get(l) as number), count: numbers.size };
}

/** Sums of each group's values. */
function sumsBy({ of, count }: Groups, values: Float64Array): Float64Array {
  const sums = new Float64Array(count);
  of.forEach((group, i) => (sums[group] = (sums[group] as number) + (values[i] as number)));
  return sums;
}

const times = (a: Float64Array, b: Float64Array) => a.map((v, i) => v * (b[i] as number));

/**
 * The rows of visits with their rounds swept out: the row of the cell less the mean row of the round. They are made when they are
 * asked for, because a million calls have a hundred thousand of them.
 */
interface Rows {
  of(i: number): Float64Array;
  /** The product of each visit's row and a vector. */
  times(vector: Float64Array): (i: number) => number;
}

function rowsOf(cells: Groups, rounds: Groups, ofCells: readonly Float64Array[], weights: Float64Array): Rows {
  const width = ofCells[0]?.length ?? 0;
  const ofRounds = Array.from({ length: rounds.count }, () => new Float64Array(width));
  const total = sumsBy(rounds, weights);
  cells.of.forEach((cell, i) => {
    const round = rounds.of[i] as number;
    const share = (weights[i] as number) / (total[round] as number);
    const mean = ofRounds[round] as Float64Array;
    (ofCells[cell] as Float64Array).forEach((v, k) => (mean[k] = (mean[k] as number) + share * v));
  });
  const pair = (i: number) => [cells.of[i] as number, rounds.of[i] as number] as const;
  return {
    of: (i) => {
      const [cell, round] = pair(i);
      const mean = ofRounds[round] as Float64Array;
      return (ofCells[cell] as Float64Array).map((v, k) => v - (mean[k] as number));
    },
    times: (vector) => {
      const [byCell, byRound] = [ofCells, ofRounds].map((rows) => Float64Array.from(rows, (row) => dot(row, vector)));
      return (i) => {
        const [cell, round] = pair(i);
        return (byCell?.[cell] as number) - (byRound?.[round] as number);
      };
    },
  };
}

/** X'WX and X'Wy. */
function normalEquations(rows: Rows, width: number, weights: Float64Array, y: Float64Array) {
  const information = new Float64Array(width ** 2);
  const score = new Float64Array(width);
  weights.forEach((weight, i) => {
    const row = rows.of(i);
    for (let a = 0; a < width; a++) {
      const weighted = weight * (row[a] as number);
      score[a] = (score[a] as number) + weighted * (y[i] as number);
      for (let b = 0; b <= a; b++)
        information[a * width + b] = (information[a * width + b] as number) + weighted * (row[b] as number);
    }
  });
  for (let a = 0; a < width; a++)
    for (let b = 0; b < a; b++) information[b * width + a] = information[a * width + b] as number;
  return { information, score };
}

/** Least squares on visits, rounds swept out as blocks (Frisch, Waugh, Lovell), every cell weighing the same. */
export interface Regression {
  readonly design: Design;
  readonly cells: Groups;
  readonly rounds: Groups;
  /** A visit's row of the design, rounds swept out. Made when it is asked for: a million calls have a hundred thousand of them. */
  row(i: number): Float64Array;
  readonly y: Float64Array;
  /** One over the visits of the cell. */
  readonly weights: Float64Array;
  readonly inverse: Float64Array;
  readonly coefficients: Float64Array;
  readonly residuals: Float64Array;
  /** Means over the cells, rounds left in: of the values, and of the design's rows. */
  readonly centre: { readonly value: number; readonly row: Float64Array };
  /** Each cell's mean of what its visits have. */
  cellMeans(values: Float64Array): Float64Array;
  /** The matrix that makes residuals of values, row i: what the value of visit j counts in the residual of visit i. */
  residualRow(i: number): (j: number) => number;
  /** How far a combination of coefficients moves with each visit's value. */
  pull(combination: Float64Array): Float64Array;
}

/** @returns undefined if the terms cannot be separated, or nothing varies */
export function regress(observations: readonly Observation[], spec: ModelSpec): Regression | undefined {
  const levels = observations.map((o) => o.levels);
  const design = makeDesign(levels, spec);
  if (design.width === 0) return undefined;

  const cells = groupsOf(observations.map((o) => o.cell));
  const rounds = groupsOf(observations.map((o) => o.round));
  const visits = sumsBy(cells, new Float64Array(observations.length).fill(1));
  const weights = Float64Array.from(cells.of, (c) => 1 / (visits[c] as number));
  const roundWeight = sumsBy(rounds, weights);
  const values = Float64Array.from(observations, (o) => o.value);
  // Takes the weighted mean of each round away from its visits: a level for each round, without a column for it.
  const means = sumsBy(rounds, times(values, weights)).map((sum, r) => sum / (roundWeight[r] as number));
  const y = values.map((x, i) => x - (means[rounds.of[i] as number] as number));
  const ofCells: Float64Array[] = [];
  levels.forEach((l, i) => (ofCells[cells.of[i] as number] ??= design.row(l)));
  const rows = rowsOf(cells, rounds, ofCells, weights);
  const { information, score } = normalEquations(rows, design.width, weights, y);
  const inverse = invertSymmetric(information);
  if (inverse === undefined) return undefined;
  const coefficients = multiply(inverse, score);
  const fitted = rows.times(coefficients);
  const mean = new Float64Array(design.width).map((_, k) => ofCells.reduce((sum, row) => sum + (row[k] as number), 0));
  return {
    ...{ design, cells, rounds, y, weights, inverse, coefficients },
    row: (i) => rows.of(i),
    residuals: y.map((v, i) => v - fitted(i)),
    centre: { value: dot(values, weights) / cells.count, row: mean.map((sum) => sum / cells.count) },
    cellMeans: (v) => sumsBy(cells, times(v, weights)),
    residualRow: (i) => {
      const along = rows.times(multiply(inverse, rows.of(i)));
      const round = rounds.of[i] as number;
      return (j) => {
        const level = rounds.of[j] === round ? 1 / (roundWeight[round] as number) : 0;
        return (i === j ? 1 : 0) - (weights[j] as number) * (along(j) + level);
      };
    },
    pull: (combination) => {
      const along = rows.times(multiply(inverse, combination));
      return weights.map((weight, i) => along(i) * weight);
    },
  };
}

/** A regression without some of its visits, each the only one of its cell. */
export interface SetAside {
  readonly indices: readonly number[];
  /** How far each lies from what all others make of it. */
  readonly shifts: Float64Array;
  readonly coefficients: Float64Array;
  readonly residuals: Float64Array;
  /** The share of a visit's own error in its residual, as a variance: 0 if the fit goes through it whatever it is. */
  freedom(i: number, residualRow: (j: number) => number): number;
  /** The same combination without those visits: nothing of it moves with them any more. */
  adjust(pull: Float64Array): Float64Array;
}

/**
 * Takes visits out of a fit by a parameter of its own for each, the mean-shift outlier model (Cook and Weisberg, Residuals
 * and Influence in Regression, 1982, 2.2.2). The same as to leave them out, or to put the others' prediction in their place.
 *
 * @param makers residual rows of these visits
 * @returns undefined if the others cannot predict them
 */
export function setAside(
  fit: Regression,
  indices: readonly number[],
  makers: readonly ((j: number) => number)[] = indices.map((i) => fit.residualRow(i)),
): SetAside | undefined {
  const residualRows = makers.map((row) => fit.residuals.map((_, j) => row(j)));
  const at = (values: Float64Array) => Float64Array.from(indices, (i) => values[i] as number);
  const inverse = invertSymmetric(Float64Array.from(residualRows.flatMap((row) => [...at(row)])));
  if (inverse === undefined) return undefined;
  const summed = (shares: Float64Array) =>
    fit.residuals.map((_, j) =>
      residualRows.reduce((sum, row, a) => sum + (row[j] as number) * (shares[a] as number), 0),
    );
  const shifts = multiply(inverse, at(fit.residuals));
  const score = fit.coefficients.map((_, k) =>
    indices.reduce((sum, i, a) => sum + (fit.row(i)[k] ?? NaN) * (shifts[a] as number), 0),
  );
  const moved = multiply(fit.inverse, score);
  const shifted = summed(shifts);
  return {
    indices,
    shifts,
    coefficients: fit.coefficients.map((b, k) => b - (moved[k] as number)),
    // These visits weigh 1: a column of the maker is the row over the weights.
    residuals: fit.residuals.map((r, j) => r - (shifted[j] as number) / (fit.weights[j] as number)),
    freedom(i, own) {
      const cross = Float64Array.from(indices, own);
      return own(i) - dot(cross, multiply(inverse, cross));
    },
    adjust(pull) {
      const share = summed(multiply(inverse, at(pull)));
      return pull.map((p, j) => p - (share[j] as number));
    },
  };
}
