import type { Cell } from "../../matrix/cell.ts";
import { ofLog } from "../../stats/math/estimate.ts";
import { mean } from "../../stats/math/quantile.ts";
import type { Study } from "../../stats/study.ts";
import { callsByVisit } from "../../stats/visits.ts";

/**
 * The calls of cells that differ in their image, by visit, milliseconds: each cell's divided by its geometric mean and multiplied by that of all
 * cells, so that what an image does to latency is gone and what visits and calls do is left.
 *
 * @param least cells of fewer calls are left out: their mean says too little
 */
export function scaledVisits(cells: readonly Cell[], study: Study | undefined, least = 1): number[][] {
  const found = cells.flatMap((c) => {
    const data = study?.data.get(c.id);
    return data === undefined || data.totalsMs.length < least ? [] : [callsByVisit(data)];
  });
  const logOf = (calls: readonly number[]) => mean(calls.map((ms) => Math.log(Math.max(ms, FLOOR_MS))));
  const whole = logOf(found.flat(2));
  return found.flatMap((visits) => {
    const factor = ofLog(whole - logOf(visits.flat()));
    return visits.map((calls) => calls.map((ms) => ms * factor));
  });
}

/** The shortest latency whose logarithm counts. */
const FLOOR_MS = 1e-6;
