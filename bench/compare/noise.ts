import { centreOver } from "../stats/cells/cell-intervals.ts";
import { AS_NOISY, type CellGroup, keyOf } from "../stats/levels.ts";
import { type Estimate, linear } from "../stats/math/estimate.ts";
import { mean, variance } from "../stats/math/quantile.ts";
import { fTail } from "../stats/math/special.ts";
import type { Study } from "../stats/study.ts";

/** How the errors of groups come about, for readers of the table. */
export const NOISE_RULE =
  "A group's error is the noise that each run shows: of visits (by model and client kind), and what visits of a round have in common (all " +
  "of them, those to a machine, those of a placement, those of a client kind and model there). If a group's images differ in B over A " +
  "by more than this noise explains, their spread is the error";

interface Spread {
  readonly variance: number;
  readonly df: number;
}

/** What a figure of each group is measured as, B over A. */
export interface Figures {
  /** The group's log ratio. */
  readonly value: number;
  /** Its variance as the group's own images show it, of what is not common to them. */
  readonly own: Spread;
}

/** The chance that images of a group without an outlier are taken to spread more than noise explains. */
const FAR_OUT = 0.01;

/**
 * The log ratio of a group's medians, B over A, with its error.
 *
 * @returns undefined if the runs have no image of it in common
 */
export function medianEstimate(group: CellGroup, [a, b]: readonly [Study, Study], figure: Figures): Estimate {
  const { se, df } = linear([
    [1, centreOver(b, group, "median")],
    [-1, centreOver(a, group, "median")],
  ]);
  const { own, value } = figure;
  if (!(df > 0)) return { value, se: NaN, df: 0 };
  const far = own.df > 0 && own.variance > 0 && fTail(own.variance / se ** 2, own.df, df) < FAR_OUT;
  return far ? { value, se: Math.sqrt(se ** 2 + own.variance), df: own.df } : { value, se, df };
}

/**
 * The log ratios of groups' tails: each with the spread of its images, pooled over groups of its model (or its own, where that is far
 * more), and the error of its median, which has what rounds have in common.
 */
export function tailEstimates(
  groups: readonly CellGroup[],
  medians: readonly Estimate[],
  figures: readonly (Figures | undefined)[],
  study: Study,
): (Estimate | undefined)[] {
  const kinOf = (group: CellGroup) => keyOf(group[0], study.axes, AS_NOISY);
  const kin = Map.groupBy([...groups.keys()], (i) => kinOf(groups[i] as CellGroup));
  const pooled = new Map(
    [...kin].map(([name, indices]) => {
      const spreads = indices.flatMap((i): Spread[] => {
        const own = figures[i]?.own;
        return own === undefined || !(own.df > 0)
          ? []
          : [{ variance: own.variance * (groups[i]?.length ?? 0), df: own.df }];
      });
      const df = spreads.reduce((sum, s) => sum + s.df, 0);
      return [name, { variance: spreads.reduce((sum, s) => sum + s.df * s.variance, 0) / df, df }];
    }),
  );
  return groups.map((group, i) => {
    const figure = figures[i];
    const median = medians[i];
    const like = pooled.get(kinOf(group));
    if (figure === undefined || median === undefined || like === undefined) return undefined;
    const typical = { variance: like.variance / group.length, df: like.df };
    const far = fTail(figure.own.variance / typical.variance, figure.own.df, typical.df) < FAR_OUT;
    const apart = {
      value: 0,
      se: Math.sqrt(far ? figure.own.variance : typical.variance),
      df: far ? figure.own.df : typical.df,
    };
    const common = { ...median, value: 0 };
    return {
      ...linear([
        [1, apart],
        [1, common],
      ]),
      value: figure.value,
    };
  });
}

/** The mean of paired differences, and the variance of that mean as they show it. */
export function pairedFigures(differences: readonly number[]): Figures {
  const n = differences.length;
  return { value: mean(differences), own: { variance: n < 2 ? NaN : variance(differences) / n, df: n - 1 } };
}
