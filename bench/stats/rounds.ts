import type { Estimate } from "./estimate.ts";
import { mean } from "./quantile.ts";
import type { CellData, Visit } from "./visits.ts";

/**
 * The mean over cells of each cell's mean over its visits, with rounds as clusters: what slows a machine down in one round
 * slows all cells of that round, so an average over many cells is known no better than its rounds agree (cluster-robust
 * variance with the factor R / (R - 1); R is the number of rounds that carry the weight, 1 / sum of shares squared).
 *
 * @param figure what is averaged: a visit's log median, for one
 * @returns without an error where some cell was visited once
 */
export function meanOverRounds(cells: readonly CellData[], figure: (visit: Visit) => number): Estimate {
  const moves = new Map<number, number>();
  const shares = new Map<number, number>();
  let value = 0;
  for (const { visits } of cells) {
    const figures = visits.map(figure);
    const own = mean(figures);
    value += own / cells.length;
    visits.forEach(({ round }, i) => {
      const weight = 1 / (visits.length * cells.length);
      moves.set(round, (moves.get(round) ?? 0) + weight * ((figures[i] as number) - own));
      shares.set(round, (shares.get(round) ?? 0) + weight);
    });
  }
  const squares = (values: Iterable<number>) => [...values].reduce((sum, v) => sum + v * v, 0);
  const rounds = 1 / squares(shares.values());
  if (cells.some((c) => c.visits.length < 2) || !(rounds > 1)) return { value, se: NaN, df: 0 };
  return { value, se: Math.sqrt((squares(moves.values()) * rounds) / (rounds - 1)), df: rounds - 1 };
}
