import { isPlain } from "../../matrix/cell.ts";
import { cellCentres } from "../cells/cell-intervals.ts";
import { type CellGroup, keyOf } from "../levels.ts";
import { type RatioEstimate, linear, ratioOf } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import type { Study } from "../study.ts";

const plainByKey = once(
  ({ manifest, axes }: Study) =>
    new Map(manifest.cells.filter(isPlain).map((c) => [keyOf(c, axes, ["load"]), c.id] as const)),
);

/**
 * How many times as long calls take under a load as one call at a time: the geometric mean of the ratios of cells' medians, over the images that
 * were measured both ways. Null if there is no such image.
 */
export function timesPlain(study: Study, group: CellGroup): RatioEstimate | null {
  const centres = cellCentres(study, "median");
  const pairs = group.flatMap((cell) => {
    const loaded = centres.get(cell.id);
    const plain = centres.get(plainByKey(study).get(keyOf(cell, study.axes, ["load"])) ?? "");
    return loaded === undefined || plain === undefined ? [] : [{ loaded: loaded.log, plain: plain.log }];
  });
  if (pairs.length === 0) return null;
  const weight = 1 / pairs.length;
  return ratioOf(linear(pairs.flatMap(({ loaded, plain }) => [[weight, loaded] as const, [-weight, plain] as const])));
}
