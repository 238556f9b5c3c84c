import type { Cell } from "../matrix/cell.ts";
import type { Estimate } from "../stats/math/estimate.ts";
import { type Study, nullModels } from "../stats/study.ts";

/** How much a machine's level differs from one run of a matrix to the next, beyond what each run shows of its noise. */
export interface Restart {
  /** Variance of a machine's log level in one run. */
  readonly variance: number;
  /** Machines in pairs of runs that it is known from. */
  readonly df: number;
}

/**
 * What differs between runs of one set-up, from pairs of runs that repeat each other: the difference of each machine's mean
 * level, less what noise within the runs makes of it. A process that is started anew, other memory, another temperature: no run by
 * itself shows these.
 *
 * @param differ the log ratio of two runs over some cells, with its error by the noise within them
 * @returns undefined without such a pair
 */
export function restartOf(
  pairs: readonly (readonly [Study, Study])[],
  differ: (first: Study, second: Study, cells: readonly Cell[]) => Estimate,
): Restart | undefined {
  const seen = pairs.flatMap(([first, second]) => {
    const nulls = nullModels(first.manifest);
    const both = first.manifest.cells.filter(
      (c) => first.data.has(c.id) && second.data.has(c.id) && !nulls.has(c.model),
    );
    return [...Map.groupBy(both, (c) => c.serverMachine).values()].flatMap((cells) => {
      const { value, se, df } = differ(first, second, cells);
      return df > 0 && Number.isFinite(value) ? [value ** 2 - se ** 2] : [];
    });
  });
  if (seen.length === 0) return undefined;
  const beyond = seen.reduce((sum, x) => sum + x, 0) / seen.length;
  return { variance: Math.max(0, beyond) / 2, df: seen.length };
}

/** A log ratio of two runs with what differs between runs anyway, over cells of some machines. */
export function withRestart(log: Estimate, cells: readonly Cell[], restart: Restart | undefined): Estimate {
  if (restart === undefined || !(log.df > 0)) return log;
  const counts = [...Map.groupBy(cells, (c) => c.serverMachine).values()].map((own) => own.length / cells.length);
  const more = 2 * restart.variance * counts.reduce((sum, share) => sum + share ** 2, 0);
  const variance = log.se ** 2 + more;
  const below = log.se ** 4 / log.df + more ** 2 / restart.df;
  return { value: log.value, se: Math.sqrt(variance), df: below === 0 ? log.df : variance ** 2 / below };
}
