import { type Groups, demean } from "./groups.ts";

/** What measuring alone does to a visit's log median. */
export interface Noise {
  /** Each visit's deviation from its cell and round, scaled up for what estimating the cell took away. */
  readonly residuals: Float64Array;
  /** 1 where a visit is its cell's only one: its residual is 0 and says nothing. */
  readonly single: Uint8Array;
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
 * effects model: what that model does not fit is a fact about the cells, not noise of measuring them.
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

  const single = new Uint8Array(y.length);
  let squares = 0;
  let repeated = 0;
  residuals.forEach((residual, i) => {
    const visits = visitsOf[cells.of[i] as number] as number;
    if (visits < 2) {
      single[i] = 1;
      return;
    }
    // The cell's own level took a visit's share away. (The round's did too, but sums within a round do not feel it.)
    residuals[i] = residual / Math.sqrt(1 - 1 / visits);
    squares += residuals[i] ** 2;
    repeated += 1;
  });
  const sd = repeated === 0 ? NaN : Math.sqrt(squares / repeated);
  return { residuals, single, df: y.length - cells.count - (rounds.count - 1), sd };
}
