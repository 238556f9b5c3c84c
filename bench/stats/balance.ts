import type { Axis } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import { factorLevels } from "./levels.ts";

/** A cell's levels on some factors, one after the other. */
export const nameOf = (cell: Cell, differ: readonly string[], axes: readonly Axis[]) => {
  const levels = factorLevels(cell, axes);
  return differ.map((f) => levels[f]).join(", ");
};

/**
 * Each option's cells, those alone of which every option has a like one: the same in all that options do not differ in. An
 * option without any in common with the one that has most is left out, so that one dead server does not silence the question.
 */
export function balance(
  cells: readonly Cell[],
  differ: readonly string[],
  axes: readonly Axis[],
): ReadonlyMap<string, readonly [Cell, ...Cell[]]> {
  const rest = (c: Cell) => JSON.stringify(Object.entries(factorLevels(c, axes)).filter(([f]) => !differ.includes(f)));
  const groups = Map.groupBy(cells, (c) => nameOf(c, differ, axes));
  const bySize = [...groups].sort(([, a], [, b]) => b.length - a.length);
  let common = new Set((bySize[0]?.[1] ?? []).map(rest));
  const kept = bySize.filter(([, own]) => {
    const both = new Set(own.map(rest).filter((key) => common.has(key)));
    if (both.size > 0) common = both;
    return both.size > 0;
  });
  return new Map(kept.map(([option, own]) => [option, own.filter((c) => common.has(rest(c))) as [Cell, ...Cell[]]]));
}
