import { type Groups, demean } from "./groups.ts";

/** What measuring alone does to a visit's log median. */
export interface Noise {
  /** Each visit's deviation from its cell and round, scaled up for what estimating those two took away. */
  readonly residuals: Float64Array;
  /** Visits less cells less rounds: 0 or below where nothing was measured twice. */
  readonly df: number;
  readonly sd: number;
}

interface Inputs {
  readonly y: Float64Array;
  readonly cells: Groups;
  readonly rounds: Groups;
  readonly weights: Float64Array;
  readonly visitsOf: Float64Array;
}

/**
 * The residuals of a model with a level for every cell and every round (alternating sweeps until they settle), not of the
 * effects model: what that model does not fit is a fact about the cells, not noise of measuring them. A cell visited once
 * has no residual of its own and takes the typical one of the others.
 */
export function noiseOf({ y, cells, rounds, weights, visitsOf }: Inputs): Noise {
  const residuals = Float64Array.from(y);
  for (let sweep = 0; sweep < 500; sweep++) {
    const before = Float64Array.from(residuals);
    demean(residuals, cells, weights);
    demean(residuals, rounds, weights);
    if (residuals.every((r, i) => Math.abs(r - (before[i] as number)) < 1e-12)) break;
  }
  demean(residuals, cells, weights);

  const totals = new Float64Array(rounds.count);
  rounds.of.forEach((r, i) => (totals[r] = (totals[r] as number) + (weights[i] as number)));
  let squares = 0;
  let repeated = 0;
  residuals.forEach((residual, i) => {
    const visits = visitsOf[cells.of[i] as number] as number;
    if (visits < 2) return;
    // Leverages of the cell's and the round's own level (that of the round less its part in the cell's).
    const round = (weights[i] as number) / (totals[rounds.of[i] as number] as number);
    const left = (1 - 1 / visits) * (1 - Math.min(round, 0.5));
    residuals[i] = residual / Math.sqrt(left);
    squares += residuals[i] ** 2;
    repeated += 1;
  });
  const sd = repeated === 0 ? NaN : Math.sqrt(squares / repeated);
  residuals.forEach((_, i) => {
    if ((visitsOf[cells.of[i] as number] as number) < 2) residuals[i] = repeated === 0 ? 0 : sd;
  });
  return { residuals, df: y.length - cells.count - (rounds.count - 1), sd };
}
