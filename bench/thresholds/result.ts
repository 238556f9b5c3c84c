import type { Axis } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import type { Levels } from "../stats/effects/design.ts";
import { shownAxes } from "../stats/levels.ts";
import type { Interval } from "../stats/math/estimate.ts";

/** What became of one threshold of an experiment in one group of cells: those that differ in their image alone. */
export interface ThresholdResult {
  readonly experiment: string;
  readonly threshold: string;
  /** The group for people: `client → edge, probe, ssd-mobilenet`. */
  readonly about: string;
  readonly outcome: "holds" | "broken" | "inconclusive";
  /** Milliseconds of a percentile, or times as long as in the last run; null if the calls cannot carry it. */
  readonly measured: number | null;
  readonly unit: "ms" | "ratio";
  /** The 95 % interval of a ratio; null if there is none, and of percentiles. */
  readonly interval: Interval | null;
  /** Calls of this run that it rests on. */
  readonly calls: number;
  /** One line: what was seen, or what is missing. */
  readonly why: string;
}

/** How a group is called. */
export function groupTitle(levels: Levels, cells: readonly Cell[], axes: readonly Axis[]): string {
  return shownAxes(cells, axes, ["image"])
    .map((axis) => axis.levelTitle(levels[axis.key] ?? ""))
    .join(", ");
}

/**
 * The exit code that thresholds ask for: 1 if one is broken, 3 where one is inconclusive, else 0. A run whose promise is not
 * known to be kept is no success for CI.
 */
export function thresholdsCode(results: readonly Pick<ThresholdResult, "outcome">[]): 0 | 1 | 3 {
  if (results.some((r) => r.outcome === "broken")) return 1;
  return results.some((r) => r.outcome === "inconclusive") ? 3 : 0;
}

/** The worse of two exit codes: a failure before what is inconclusive, and that before success. */
export function worseCode(a: number, b: number): number {
  const order = [0, 3, 1];
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}
