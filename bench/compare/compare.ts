import { type Cell, modelKey } from "../matrix/cell.ts";
import { cellCentres } from "../stats/cells/cell-intervals.ts";
import { type Estimate, linear } from "../stats/math/estimate.ts";
import { once } from "../stats/math/memo.ts";
import { meanOverRounds } from "../stats/effects/rounds.ts";
import { type CellGroup, WHEREVER, groupsBut, keyOf, levelsOf, shownAxes } from "../stats/levels.ts";
import { type Study, nullModels } from "../stats/study.ts";
import { isTimed, logOfMs } from "../stats/visits.ts";
import { apartOf } from "./apart.ts";
import type { Agreement, CellChange, Comparison, GroupChange } from "./comparison.ts";
import { failureChanges } from "./failures.ts";
import { type Compared, judgeAlone, judgeTogether } from "./judge.ts";
import { medianEstimate, pairedFigures, tailEstimates } from "./noise.ts";
import { otherModels, otherwiseCalled, provenanceDifferences, whyNotComparable } from "./provenance.ts";
import { betweenRuns, restartedServers, withRestart } from "./repeats.ts";
import { tailFigures } from "./tail.ts";

export type { Agreement, CellChange, Comparison, GroupChange };

export const DEFAULT_THRESHOLD = 0.05;

/** Of the 5 % of comparisons that may be wrong about a change, groups and cells have half each. */
export const ALPHA = 0.025;

/** How two runs are compared. */
export interface CompareOptions {
  /** A share above 0: changes below it count as none. */
  readonly threshold: number;
  /** Pairs of runs that repeat each other: they show what differs between runs of one set-up. */
  readonly repeats?: readonly (readonly [Study, Study])[];
  /** What a restart changes is no part of any interval: for ratios of what was measured, whatever made it so. */
  readonly asMeasured?: boolean;
}

/** What both runs have, and how a log ratio of some of its cells comes to an estimate. */
interface Pair {
  readonly a: Study;
  readonly b: Study;
  /** The estimate as it counts: with what differs between runs anyway, or as nothing if both are one run. */
  readonly settle: (log: Estimate, cells: readonly Cell[]) => Estimate;
  readonly threshold: number;
  readonly nulls: ReadonlySet<string>;
}

/** Compares two runs cell by cell, by groups of cells that differ in their image alone, and as a whole. */
export function compareRuns(
  a: Study,
  b: Study,
  { threshold, repeats = [], asMeasured = false }: CompareOptions,
): Comparison {
  const [measuredA, measuredB] = [measuredIn(a), measuredIn(b)];
  const notComparable = whyNotComparable(a.manifest, b.manifest);
  const inBoth =
    notComparable === null ? a.manifest.cells.filter((c) => measuredA.has(c.id) && measuredB.has(c.id)) : [];
  const others = otherwiseCalled(a.manifest, b.manifest);
  const shared = inBoth.filter((c) => !others.has(c.id));
  const identical = isOneRun(a, b);
  const between = betweenRuns(repeats, averaged);
  const asked = new Set(shared.map((c) => c.server));
  const restarted = asMeasured ? [] : restartedServers(a.manifest, b.manifest).filter((id) => asked.has(id));
  const pair: Pair = {
    ...{ a, b, threshold, nulls: new Set([...nullModels(a.manifest), ...nullModels(b.manifest)]) },
    settle: (log, cells) =>
      identical ? { value: 0, se: 0, df: Infinity } : withRestart(log, cells, between, new Set(restarted)),
  };
  const real = shared.filter((c) => !pair.nulls.has(c.model));
  const overall = real.length === 0 ? null : judgeAlone(pair.settle(averaged(a, b, real), real), threshold);
  const groups = groupChanges(shared, pair);
  const cells = cellChanges(shared, pair);
  return {
    a: a.manifest.id,
    b: b.manifest.id,
    axes: shownAxes([...a.manifest.cells, ...b.manifest.cells], a.axes, ["image"]).map((axis) => axis.key),
    threshold,
    identical,
    between,
    restarted: identical ? [] : restarted,
    notComparable,
    overall,
    agreement: agreementOf(
      cells.map((c) => c.ratio),
      overlapping(a, b, shared),
    ),
    groups,
    resolution: resolutionOf([...(overall === null ? [] : [overall]), ...groups.filter((g) => !g.isNull)]),
    cells,
    onlyA: [...measuredA].filter((id) => !measuredB.has(id)),
    onlyB: [...measuredB].filter((id) => !measuredA.has(id)),
    otherInput: inBoth.filter((c) => others.has(c.id)).map((c) => c.id),
    untold: (
      [
        ["a", a],
        ["b", b],
      ] as const
    ).flatMap(([run, { untold }]) => [...(untold ?? [])].map(([cell, { why }]) => ({ cell, run, why }))),
    newFailures: newFailures(a, b),
    failures: failureChanges(a, b),
    provenance: provenanceDifferences(a.manifest, b.manifest),
  };
}

/** Whether two folders hold one run: its id and every latency are the same. */
function isOneRun(a: Study, b: Study): boolean {
  if (a.manifest.id !== b.manifest.id || a.data.size !== b.data.size) return false;
  return [...a.data].every(([id, { totalsMs }]) => {
    const other = b.data.get(id)?.totalsMs;
    return other?.length === totalsMs.length && totalsMs.every((ms, i) => ms === other[i]);
  });
}

/** Single cells, all of them judged together, so that a large change of one is found and many cells raise no false alarm. */
function cellChanges(cells: readonly Cell[], { a, b, settle, threshold }: Pair): CellChange[] {
  const [before, after] = [cellCentres(a, "median"), cellCentres(b, "median")];
  const logs = cells.map((cell) => {
    const [x, y] = [before.get(cell.id)?.log, after.get(cell.id)?.log];
    return settle(x === undefined || y === undefined ? { value: NaN, se: NaN, df: 0 } : difference(y, x), [cell]);
  });
  const judged = judgeTogether(logs, threshold, ALPHA);
  return cells.flatMap((cell, i) => {
    const own = judged[i];
    return own === undefined ? [] : [{ cell, ...own }];
  });
}

/** Groups' medians and tails, all of them judged together: one family, so that many groups raise no false alarm. */
function groupChanges(cells: readonly Cell[], { a, b, settle, threshold, nulls }: Pair): GroupChange[] {
  const groups = groupsBut(cells, a.axes, ["image"]);
  const plain = groups.map((group) => {
    const figures = pairedFigures(group.map((c) => logMedian(b, c) - logMedian(a, c)));
    return medianEstimate(group, [a, b], figures);
  });
  const figures = groups.map((group) => tailFigures(group, [a, b]));
  const settled = (log: Estimate | undefined, i: number) => log && settle(log, groups[i] ?? []);
  const family = [...plain.map(settled), ...tailEstimates(groups, plain, figures, a).map(settled)].flatMap((log, i) =>
    log === undefined ? [] : [{ i, log }],
  );
  const judged = judgeTogether(
    family.map((f) => f.log),
    threshold,
    ALPHA,
  );
  const at = new Map(family.map(({ i }, n) => [i, judged[n]]));
  const otherModel = otherModels(a.manifest, b.manifest);
  return groups.flatMap((own: CellGroup, i): GroupChange[] => {
    const median = at.get(i);
    if (median === undefined) return [];
    const about = { isNull: nulls.has(own[0].model), otherModel: otherModel.has(modelKey(own[0])) };
    const levels = levelsOf(own[0], a.axes, ["image"]);
    return [{ levels, images: own.length, ...about, ...median, p90: at.get(groups.length + i) ?? null }];
  });
}

/** The logarithm of a cell's median. */
function logMedian(study: Study, { id }: Cell): number {
  return cellCentres(study, "median").get(id)?.log.value ?? NaN;
}

function resolutionOf(all: readonly Compared[]): number | null {
  const ends = all.map(({ interval }) =>
    interval === null ? Infinity : Math.max(interval.high, 1 / interval.low) - 1,
  );
  const most = ends.reduce((largest, end) => Math.max(largest, end), -Infinity);
  return ends.length > 0 && Number.isFinite(most) ? most : null;
}

/** Of each cell that has an interval in both runs, whether they overlap. */
function overlapping(a: Study, b: Study, cells: readonly Cell[]): boolean[] {
  return cells.flatMap(({ id }) => {
    const [x, y] = [a, b].map((study) => cellCentres(study, "median").get(id)?.interval ?? null);
    return x == null || y == null ? [] : [x.low <= y.high && y.low <= x.high];
  });
}

function agreementOf(ratios: readonly number[], overlaps: readonly boolean[]): Agreement | null {
  const apart = apartOf(ratios);
  if (apart === null) return null;
  const { figures: cells, near: close, ...distances } = apart;
  const overlapping = overlaps.length === 0 ? null : overlaps.filter(Boolean).length / overlaps.length;
  return { cells, ...distances, close, overlapping };
}

function newFailures(a: Study, b: Study): Comparison["newFailures"] {
  const [before, others] = [measuredIn(a), otherwiseCalled(a.manifest, b.manifest)];
  return [...b.data.values()].flatMap(({ cell, failure }) =>
    failure !== undefined && before.has(cell) && !others.has(cell)
      ? [{ cell, why: `${failure.code}: ${failure.message}` }]
      : [],
  );
}

/** The cells that have calls and did not fail. */
const measuredIn = once(
  (study: Study) =>
    new Set([...study.data.values()].filter((d) => d.failure === undefined && isTimed(d)).map((d) => d.cell)),
);

/** The log ratio averaged over cells. What slows a whole round of a run down is error of that round, not of each cell. */
function averaged(a: Study, b: Study, cells: readonly Cell[]): Estimate {
  const kinds = new Map(cells.map((c) => [c.id, keyOf(c, a.axes, [...WHEREVER, "load"])]));
  const over = (study: Study) =>
    meanOverRounds(
      cells.flatMap((c) => study.data.get(c.id) ?? []),
      (visit) => logOfMs(visit.medianMs),
      (data) => kinds.get(data.cell) ?? "",
    );
  return difference(over(b), over(a));
}

function difference(after: Estimate, before: Estimate): Estimate {
  return linear([
    [1, after],
    [-1, before],
  ]);
}
