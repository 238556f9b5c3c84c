import type { Cell } from "../matrix/cell.ts";
import type { Limits } from "../matrix/limits.ts";

/** Visits and time still to come. */
export interface Remaining {
  readonly visits: number;
  readonly ms: number;
  /** Time of those cells of this round that have no call yet: it is spent whatever the budget says. */
  readonly thisRoundMs: number;
}

/**
 * What a visit to a cell will take, milliseconds, from what visits took so far: the cell's own, else those of cells alike (same
 * machines, client kind and model), else all; 0 before there was any.
 */
export function visitTimes(visitMs: ReadonlyMap<string, number>): (cell: Cell) => number {
  const groups = new Map<string, number[]>();
  const group = (id: string) => id.split(" ").slice(0, 3).join(" ");
  for (const [id, ms] of visitMs) {
    const list = groups.get(group(id));
    if (list === undefined) groups.set(group(id), [ms]);
    else list.push(ms);
  }
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const averages = new Map([...groups].map(([key, values]) => [key, average(values)]));
  const overall = visitMs.size === 0 ? 0 : average([...visitMs.values()]);
  return (cell) => visitMs.get(cell.id) ?? averages.get(group(cell.id)) ?? overall;
}

/** How much of a run is still to come, as far as visits tell so far. Cells may end earlier, by their precision. */
export function remaining(
  restOfRound: readonly Cell[],
  open: readonly Cell[],
  count: (cell: Cell) => number,
  limitsOf: (cell: Cell) => Limits,
  visitMs: ReadonlyMap<string, number>,
): Remaining {
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
