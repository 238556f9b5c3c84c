import type { Axis, Coordinates } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import type { Levels } from "./effects/design.ts";

/*
 * Cells by their levels on the axes of the matrix. What statistics, tables, CSV and comparisons know of a cell's
 * coordinates they know from here, so one more entry of `AXES` is one more factor, column and group.
 */

/** A cell's level on every axis but some, by the axis's key. */
export function levelsOf(cell: Coordinates, axes: readonly Axis[], but: readonly string[] = []): Levels {
  return Object.fromEntries(axes.filter((a) => !but.includes(a.key)).map((a) => [a.key, a.of(cell)]));
}

/** One text for all cells that are alike on every axis but some. */
export function keyOf(cell: Coordinates, axes: readonly Axis[], but: readonly string[] = []): string {
  return JSON.stringify(Object.values(levelsOf(cell, axes, but)));
}

/** Cells that have one key. */
export type CellGroup = readonly [Cell, ...Cell[]];

/** Cells that differ on some axes alone, together; groups and cells in the order in which they come. */
export function groupsBut(cells: Iterable<Cell>, axes: readonly Axis[], but: readonly string[]): CellGroup[] {
  return [...Map.groupBy(cells, (c) => keyOf(c, axes, but)).values()].map((own) => own as [Cell, ...Cell[]]);
}

/** Keys of the factors of the model of log latency. */
export function factorsOf(axes: readonly Axis[]): string[] {
  return axes.filter((a) => a.isFactor).map((a) => a.key);
}

/**
 * A cell's level on every factor. Where ids name a level on an axis that is no factor (a second server on a machine), the level of
 * the factor before it says it, too: two servers of one machine are two levels of the placement.
 */
export function factorLevels(cell: Coordinates, axes: readonly Axis[]): Levels {
  const levels: Record<string, string> = {};
  let factor: string | undefined;
  for (const axis of axes) {
    if (axis.isFactor) levels[(factor = axis.key)] = axis.of(cell);
    else if (factor !== undefined && (axis.idPart?.(cell) ?? "") !== "" && !isToldByKind(axis, cell))
      levels[factor] += `, ${axis.of(cell)}`;
  }
  return levels;
}

/** Servers of one machine are told apart by their kinds, where the run says these: then they are a factor of their own. */
const isToldByKind = (axis: Axis, cell: Coordinates) => axis.key === "server" && cell.serverKind !== undefined;

/**
 * The factors in which places and programs to call differ, for whoever asks for the best of them: where a machine has servers of several
 * kinds, these are one of them, and the placement is none if there is only one.
 */
export function placeFactors(cells: Iterable<Cell>, axes: readonly Axis[]): string[] {
  const levels = [...cells].map((c) => factorLevels(c, axes));
  const placements = [...Map.groupBy(levels, (l) => l["placement"]).values()];
  const several = placements.some((own) => new Set(own.map((l) => l["server_kind"])).size > 1);
  if (!several) return ["placement", "client"];
  return [...(placements.length > 1 ? ["placement"] : []), "server_kind", "client"];
}

/** Factors with which every other factor may interact. */
const INTERACTING = ["client", "model"];

/**
 * The interactions of the model: each of client and model with every other factor. Others, such as placement and image, are taken
 * to add up on the logarithm: there are nearly as many combinations of them as cells. Of each pair the effect of the first is
 * shown at each level of the second.
 */
export function interactionsOf(factors: readonly string[]): (readonly [string, string])[] {
  const own = INTERACTING.filter((f) => factors.includes(f));
  return own.flatMap((a, i) =>
    factors.filter((b) => b !== a && !own.slice(0, i).includes(b)).map((b) => [a, b] as const),
  );
}

const IMAGES = ["image"];
/** Axes on which cells of one model and client may differ and be as noisy as each other. */
export const WHEREVER = [...IMAGES, "placement", "server"];
/** Axes on which cells of one model may differ and be as noisy as each other. */
export const AS_NOISY = [...WHEREVER, "protocol", "client"];

/** Names of what is as noisy as a cell, the narrowest first: the same whatever the image, wherever it runs, whoever calls. */
export function alikeNames(
  cell: Coordinates,
  axes: readonly Axis[],
): readonly [here: string, anywhere: string, anyClient: string] {
  return [keyOf(cell, axes, IMAGES), keyOf(cell, axes, WHEREVER), keyOf(cell, axes, AS_NOISY)];
}

/**
 * The axes that a table of some cells has columns for: those of which the ids of these cells have a part. Of the others there is
 * nothing to say (one server a machine, no load), or another one says it (a client kind its protocol).
 */
export function shownAxes(cells: readonly Cell[], axes: readonly Axis[], but: readonly string[] = []): Axis[] {
  return axes.filter((a) => !but.includes(a.key) && cells.some((c) => (a.idPart?.(c) ?? "") !== ""));
}
