import type { Cell } from "../matrix/cell.ts";

/**
 * The cells that a round visits in the time that is left. Those without a call are visited whatever it takes. Where the time
 * does not do for all the others, models whose visits take least come first, and within a model the shuffled order decides:
 * so as many cells as can be are measured twice, and a slow model's second visits are spread over machines and images.
 *
 * @param order the round's cells, shuffled
 * @param leftMs until the budget is used up; Infinity where there is none
 */
export function whatFits(
  order: readonly Cell[],
  measured: (cell: Cell) => boolean,
  costMs: (cell: Cell) => number,
  leftMs: number,
): Cell[] {
  const chosen = new Set(order.filter((cell) => !measured(cell)));
  let left = leftMs - [...chosen].reduce((sum, cell) => sum + costMs(cell), 0);
  const models = [...Map.groupBy(order.filter(measured), (cell) => cell.model).values()].map((cells) => ({
    cells,
    meanMs: cells.reduce((sum, cell) => sum + costMs(cell), 0) / cells.length,
  }));
  for (const { cells } of models.sort((a, b) => a.meanMs - b.meanMs)) {
    for (const cell of cells) {
      const cost = costMs(cell);
      if (left <= 0 || cost > left) continue;
      chosen.add(cell);
      left -= cost;
    }
  }
  return order.filter((cell) => chosen.has(cell));
}
