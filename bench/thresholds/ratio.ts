import { count } from "../../lib/words.ts";
import { formatRatio, formatRatioInterval } from "../format/numbers.ts";
import { when } from "../format/when.ts";
import { OTHER_INPUT } from "../compare/provenance.ts";
import { compareRuns } from "../compare/compare.ts";
import type { GroupChange } from "../compare/compare.ts";
import type { Study } from "../stats/study.ts";
import { type ThresholdResult, groupTitle } from "./result.ts";

type Found = Omit<ThresholdResult, "experiment" | "threshold" | "unit">;

/**
 * Holds the medians of a run's groups against those of an earlier run, by the intervals of `compare`.
 *
 * @param earlier undefined: there is none, which is inconclusive
 * @param limit times as long as the earlier run, at most
 */
export function ratiosOf(study: Study, earlier: Study | undefined, limit: number): Found[] {
  const { cells } = study.manifest;
  const none = { measured: null, interval: null, calls: 0 };
  const open = (why: string): Found[] => [{ about: "all cells", outcome: "inconclusive", ...none, why }];
  if (earlier === undefined) return open("there is no earlier run of these cells beside this one");
  const comparison = compareRuns(onCellsOf(study, earlier), study, {
    threshold: Math.max(0.001, Math.abs(limit - 1)),
    asMeasured: true,
  });
  const { notComparable, groups, newFailures, otherInput, a } = comparison;
  if (notComparable !== null) return open(`run ${a} is not comparable: ${notComparable}`);
  if (groups.length === 0)
    return open(
      otherInput.length === 0
        ? `run ${a} has no measured cell in common with this one`
        : `every cell that run ${a} also measured had ${OTHER_INPUT} there`,
    );
  const failed = `${count(newFailures.length, "cell")} that run ${a} measured failed`;
  const other: Found = {
    ...{ about: count(otherInput.length, "cell"), outcome: "inconclusive", ...none },
    why: `had ${OTHER_INPUT} in run ${a}`,
  };
  return [
    ...when(newFailures.length > 0, { about: "all cells", outcome: "broken" as const, ...none, why: failed }),
    ...when(otherInput.length > 0, other),
    ...groups.map((group): Found => {
      const about = groupTitle(group.levels, cells, study.axes);
      const calls = callsOf(study, group);
      const seen = `${formatRatio(group.ratio)} (${formatRatioInterval(group.interval)}) times run ${a}`;
      const why = group.otherModel ? `${seen}; its model is another one` : seen;
      return { about, outcome: outcomeOf(group, limit), measured: group.ratio, interval: group.interval, calls, why };
    }),
  ];
}

function outcomeOf({ interval, together }: GroupChange, limit: number): ThresholdResult["outcome"] {
  if (interval === null) return "inconclusive";
  if ((together ?? interval).low > limit) return "broken";
  return interval.high < limit ? "holds" : "inconclusive";
}

/** The earlier run's cells that this one has. */
function onCellsOf({ manifest }: Study, earlier: Study): Study {
  const own = new Set(manifest.cells.map((c) => c.id));
  return { ...earlier, manifest: { ...earlier.manifest, cells: earlier.manifest.cells.filter((c) => own.has(c.id)) } };
}

function callsOf(study: Study, { levels }: GroupChange): number {
  const own = study.manifest.cells.filter((c) =>
    study.axes.every((a) => levels[a.key] === undefined || levels[a.key] === a.of(c)),
  );
  return own.reduce((sum, c) => sum + (study.data.get(c.id)?.totalsMs.length ?? 0), 0);
}
