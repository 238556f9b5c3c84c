import { carries, quantile, variance } from "../stats/math/quantile.ts";
import type { Study } from "../stats/study.ts";
import { medianMsOf } from "../stats/summary.ts";
import type { CellData } from "../stats/visits.ts";
import type { CellGroup } from "../stats/levels.ts";
import type { Figures } from "./noise.ts";

/** The quantile of calls that is compared beside the median. */
export const TAIL = 0.9;

/** How tails are compared, for readers of the table. */
export const TAIL_RULE =
  "p90: nine of ten calls of a group take no longer than this. A group's calls are pooled over its images, with each call divided by the " +
  "typical median of its cell. It takes 36 calls of the group in both runs. Its error comes from leaving out one image after the other";

/**
 * B's p90 over A's for a group, as a logarithm. One cell has too few calls for a tail; its group has enough. Each call is divided
 * by the geometric mean of its cell's medians in both runs: otherwise the slowest image would be the tail.
 *
 * @returns undefined if a run has too few calls, or there is one image alone
 */
export function tailFigures(group: CellGroup, [a, b]: readonly [Study, Study]): Figures | undefined {
  const images = group.flatMap((cell) => {
    const [x, y] = [a.data.get(cell.id), b.data.get(cell.id)];
    return x === undefined || y === undefined ? [] : [{ x, y, unit: Math.sqrt(medianMsOf(x) * medianMsOf(y)) }];
  });
  const left = (without: number) => {
    const kept = images.filter((_, i) => i !== without);
    const over = (pick: (image: (typeof images)[number]) => CellData) =>
      Float64Array.from(kept.flatMap((image) => Array.from(pick(image).totalsMs, (ms) => ms / image.unit))).sort();
    return [over((i) => i.x), over((i) => i.y)] as const;
  };
  const [before, after] = left(-1);
  const n = images.length;
  if (n < 2 || !carries(before.length, TAIL) || !carries(after.length, TAIL)) return undefined;
  const ratio = ([x, y]: readonly [Float64Array, Float64Array]) => Math.log(quantile(y, TAIL) / quantile(x, TAIL));
  const value = ratio([before, after]);
  const partial = images.map((_, i) => ratio(left(i)));
  return { value, own: { variance: ((n - 1) ** 2 / n) * variance(partial), df: n - 1 } };
}
