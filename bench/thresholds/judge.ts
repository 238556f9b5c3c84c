import { type Threshold, thresholdOf } from "../matrix/experiments/threshold.ts";
import { groupsBut, levelsOf } from "../stats/levels.ts";
import { holm } from "../stats/math/holm.ts";
import type { Study } from "../stats/study.ts";
import { type PercentileLimit, percentileOf } from "./percentile.ts";
import { ratiosOf } from "./ratio.ts";
import { type ThresholdResult, groupTitle } from "./result.ts";

/** One threshold with the part of a run that it is about. */
interface Asked {
  readonly experiment: string;
  readonly threshold: Threshold;
  readonly study: Study;
}

/**
 * Judges every threshold of a run's experiments, group by group. A broken percentile is judged together with all others (Holm),
 * so that many groups raise no false alarm.
 *
 * @param lastRun the newest earlier run of the same cells; undefined: none is known
 */
export function judgeThresholds(study: Study, lastRun: Study | undefined): ThresholdResult[] {
  const all = askedOf(study).flatMap((asked) => judged(asked, lastRun));
  const tests = all.flatMap(({ pBroken }, i) => (pBroken === undefined ? [] : [{ i, p: pBroken }]));
  const broken = new Set(
    holm(
      tests.map(({ p }) => p),
      0.025,
    ).flatMap(({ rejected }, k) => (rejected ? [tests[k]?.i] : [])),
  );
  return all.map(({ pBroken: _, ...result }, i) => (broken.has(i) ? { ...result, outcome: "broken" } : result));
}

/** Whether a run has a threshold that needs an earlier run. */
export function needsLastRun(study: Study): boolean {
  return askedOf(study).some(({ threshold }) => threshold.of === "ratio");
}

/** The thresholds of a run. What an earlier version of Lathe would not have written into a manifest is passed over. */
function askedOf(study: Study): Asked[] {
  const { manifest } = study;
  return (manifest.matrix?.experiments ?? []).flatMap(({ name, thresholds = [] }) => {
    const cells = manifest.cells.filter((c) => c.experiments?.includes(name) === true);
    const own = { ...study, manifest: { ...manifest, cells } };
    return thresholds.flatMap((text) => {
      const threshold = thresholdOf(text);
      return threshold === undefined ? [] : [{ experiment: name, threshold, study: own }];
    });
  });
}

function judged({ experiment, threshold, study }: Asked, lastRun: Study | undefined) {
  const about = { experiment, threshold: threshold.text };
  const found: (ThresholdResult & { readonly pBroken?: number })[] =
    threshold.of === "ratio"
      ? ratiosOf(study, lastRun, threshold.limit).map((ratio) => ({ ...about, unit: "ratio", ...ratio }))
      : percentilesOf(study, threshold).map((percentile) => ({ ...about, unit: "ms", ...percentile }));
  return found;
}

function percentilesOf(study: Study, limit: PercentileLimit) {
  const { cells } = study.manifest;
  return groupsBut(cells, study.axes, ["image"]).map((group) => {
    const { test, ...found } = percentileOf(study, group, limit);
    const title = groupTitle(levelsOf(group[0], study.axes, ["image"]), cells, study.axes);
    return { about: title, interval: null, ...found, ...(test === undefined ? {} : { pBroken: test.pBroken }) };
  });
}
