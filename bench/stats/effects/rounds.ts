import type { Estimate } from "../math/estimate.ts";
import { noiseOf } from "./noise.ts";
import { varianceOf } from "./propagation.ts";
import { type CellData, type Visit, timedVisits } from "../visits.ts";

/**
 * The mean over cells of each cell's mean over its visits. What slows a machine down in one round slows all cells of that
 * round, so an average over many cells is known no better than its rounds agree; a cell that was visited once brings the
 * noise of those like it. The error is that of `noiseOf`, with what a round has in common as part of it.
 *
 * @param figure what is averaged: a visit's log median, for one
 * @param alike cells of one name are taken to be equally noisy
 * @returns without an error where no cell was visited twice
 */
export function meanOverRounds(
  cells: readonly CellData[],
  figure: (visit: Visit) => number,
  alike: (cell: CellData) => string = () => "",
): Estimate {
  const samples = cells.flatMap((data) =>
    timedVisits(data).map((visit, _, visits) => ({
      ...{ cell: data.cell, round: visit.round, machine: "", alike: [alike(data)] },
      value: figure(visit),
      weight: 1 / (visits.length * cells.length),
    })),
  );
  const value = samples.reduce((sum, s) => sum + s.weight * s.value, 0);
  const weights = Float64Array.from(samples, (s) => s.weight);
  const { variance, df } = varianceOf(samples, weights, noiseOf(samples, { swept: false }));
  return df > 0 ? { value, se: Math.sqrt(variance), df } : { value, se: NaN, df: 0 };
}
