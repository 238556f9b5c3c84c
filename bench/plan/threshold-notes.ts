import type { Cell } from "../matrix/cell.ts";
import type { Experiment } from "../matrix/experiments/schema.ts";
import { callsFor, thresholdOf } from "../matrix/experiments/threshold.ts";
import { type Limits, limitsFor } from "../matrix/limits.ts";
import { AXES } from "../matrix/axes.ts";

/**
 * Says which thresholds the planned calls could never carry: they would be inconclusive whatever is measured. A group is judged
 * with its images taken together, so it is the calls of all of them that count.
 *
 * @param run the run's limits, which each cell's own ones differ from
 */
export function thresholdNotes(experiments: readonly Experiment[], cells: readonly Cell[], run: Limits): string[] {
  return experiments.flatMap(({ name, thresholds = [] }) => {
    const own = cells.filter((c) => c.experiments?.includes(name) === true);
    const groups = Map.groupBy(own, (c) => AXES.map((axis) => (axis.key === "image" ? "" : axis.of(c))).join("|"));
    const planned = [...groups.values()].map((group) =>
      group.reduce((sum, c) => sum + limitsFor(run, c.limits).requests, 0),
    );
    if (planned.length === 0) return [];
    const fewest = Math.min(...planned);
    return thresholds.flatMap((text) => {
      const threshold = thresholdOf(text);
      const needed = threshold?.of === "quantile" ? callsFor(threshold.q) : 0;
      return fewest >= needed
        ? []
        : [
            `experiment ${name}: threshold ${text} needs ${needed} calls, and at most ${fewest} are planned, so it would be inconclusive ` +
              `(plan more by --requests, or by more photographs)`,
          ];
    });
  });
}
