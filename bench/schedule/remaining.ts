import { type Cell, connectionKey } from "../matrix/cell.ts";
import type { Limits } from "../matrix/limits.ts";
import { mean } from "../stats/math/quantile.ts";

/** What a visit will take, ms: as the cell's newest one, else as those of cells alike, else as all; 0 before any. */
export function visitTimes(visitMs: ReadonlyMap<Cell, number>): (cell: Cell) => number {
  const group = (cell: Cell) => `${connectionKey(cell)} ${cell.model}`;
  const average = (visits: Iterable<readonly [Cell, number]>) => mean(Array.from(visits, ([, ms]) => ms));
  const groups = Map.groupBy(visitMs, ([cell]) => group(cell));
  const averages = new Map([...groups].map(([key, visits]) => [key, average(visits)]));
  const overall = visitMs.size === 0 ? 0 : average(visitMs);
  return (cell) => visitMs.get(cell) ?? averages.get(group(cell)) ?? overall;
}

/** What is still to come, by the visits so far. `thisRoundMs`: of cells without a call, whatever the budget says. */
export function remaining(
  restOfRound: readonly Cell[],
  open: readonly Cell[],
  count: (cell: Cell) => number,
  limitsOf: (cell: Cell) => Limits,
  visitMs: ReadonlyMap<Cell, number>,
) {
  const estimate = visitTimes(visitMs);
  let visits = 0;
  let ms = 0;
  for (const cell of open) {
    const { requests, blockRequests } = limitsOf(cell);
    const own = Math.ceil(Math.max(0, requests - count(cell)) / blockRequests);
    visits += own;
    ms += own * estimate(cell);
  }
  const unvisited = restOfRound.filter((c) => count(c) === 0);
  return { visits, ms, thisRoundMs: unvisited.reduce((sum, cell) => sum + estimate(cell), 0) };
}
