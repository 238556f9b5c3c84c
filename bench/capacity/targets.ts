import { PLAIN_LOAD } from "../loads/registry.ts";
import { cellId } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import type { NextStep } from "./next-step.ts";

/** Which search a cell belongs to: all that differ only in their load are steps of one. Pure. */
export const searchKey = (cell: Cell): string => cellId({ ...cell, load: PLAIN_LOAD });

/** What is searched: a cell for each client machine, server, client kind, model and further levels, with its first photograph. Pure. */
export function targetsOf(cells: readonly Cell[]): Cell[] {
  const alike = Map.groupBy(cells, (cell) => searchKey({ ...cell, image: "any" }));
  return [...alike.values()].map(([first]) => {
    const { limits: _, ...target } = first as Cell;
    return { ...target, id: searchKey(target), load: PLAIN_LOAD };
  });
}

/**
 * The cell of a search's next step. Rates of one search differ, so that no two steps are one cell. Pure.
 *
 * @param mode the load mode of an open loop: `poisson`, `constant-rate`
 * @param taken ids of the run's cells
 */
export function stepCell(
  target: Cell,
  next: NextStep,
  mode: string,
  taken: ReadonlySet<string>,
  timeoutMs: number = DEFAULT_LIMITS.timeoutMs,
): Cell {
  const { ratePerSecond, connections: concurrency, calls, blockMs } = next;
  const limits = { requests: calls, minRequests: calls, precision: null, blockRequests: calls, blockMs, timeoutMs };
  const at = (rate: number | undefined): Cell => {
    const load =
      rate === undefined
        ? { mode: "closed-loop", concurrency }
        : { mode, ratePerSecond: Number(rate.toPrecision(4)), concurrency };
    const cell = { ...target, load, limits };
    return { ...cell, id: cellId(cell) };
  };
  let cell = at(ratePerSecond);
  for (let rate = ratePerSecond ?? 0; rate > 0 && taken.has(cell.id); cell = at(rate)) rate *= 1.001;
  return cell;
}
