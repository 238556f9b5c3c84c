import { type Cell, modelKey } from "../matrix/cell.ts";
import { cellIntervals } from "../stats/bootstrap.ts";
import { type Estimate, linear } from "../stats/math/estimate.ts";
import { once } from "../stats/math/memo.ts";
import { mean } from "../stats/math/quantile.ts";
import { meanOverRounds } from "../stats/effects/rounds.ts";
import type { Levels } from "../stats/effects/design.ts";
import { type CellGroup, WHEREVER, groupsBut, keyOf, levelsOf, shownAxes } from "../stats/levels.ts";
import { type Study, nullModels } from "../stats/study.ts";
import { type Apart, apartOf } from "./apart.ts";
import { type FailureChange, failureChanges } from "./failures.ts";
import { type Compared, type JudgedTogether, judgeAlone, judgeTogether } from "./judge.ts";
import { groupEstimates, pairedFigures } from "./noise.ts";
import { type Difference, otherInputs, otherModels, provenanceDifferences, whyNotComparable } from "./provenance.ts";
import { tailFigures } from "./tail.ts";

/** One cell that both runs measured. */
export interface CellChange extends Compared {
  readonly cell: Cell;
}

/** Cells that differ in their image alone: the geometric mean of their ratios over images, judged with all other groups. */
export interface GroupChange extends JudgedTogether {
  /** Levels on all axes but the image. */
  readonly levels: Levels;
  readonly images: number;
  /** The model answers a constant: its times are those of protocol and wire. */
  readonly isNull: boolean;
  /** The two runs' servers had other models of this name, so that the ratio is one of models, too. */
  readonly otherModel: boolean;
  /** B's p90 over A's (`TAIL_RULE`), judged with all others; null where the calls cannot carry it. */
  readonly p90: JudgedTogether | null;
}

/** How far the medians of one cell lie apart in two runs, as a share of the smaller one (0.02: two per cent). */
export interface Agreement extends Pick<Apart, "typical" | "ninth" | "largest"> {
  readonly cells: number;
  /** Share of cells whose medians lie within `NEAR` of each other. */
  readonly close: number;
  /** Share of cells whose two 95 % intervals have something in common, of those that have both; null where none has. */
  readonly overlapping: number | null;
}

/** Two runs side by side. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  /** Keys of the axes that groups are shown by. */
  readonly axes: readonly string[];
  /** Changes below this share (0.05: five per cent) count as none. */
  readonly threshold: number;
  /** Why no latency of one run can be compared with one of the other; null where they can be. Then no cell is compared. */
  readonly notComparable: string | null;
  /** Every cell of both runs, those visited once as noisy as their like; the null model is a group of its own and no part of this. Null: nothing in common. */
  readonly overall: Compared | null;
  /** How well the runs agree, cell by cell; null where they have none in common. */
  readonly agreement: Agreement | null;
  readonly groups: readonly GroupChange[];
  /**
   * The threshold (a share) at which the whole and every group of a model that computes would be called unchanged: what these
   * runs can resolve. Null where one of them has no interval, or there is none.
   */
  readonly resolution: number | null;
  readonly cells: readonly CellChange[];
  /** Cells that only one run has calls for. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** Cells that both runs measured, with photographs of one name that are not the same: left out. */
  readonly otherInput: readonly string[];
  /** Cells that A measured and in which B failed, with why. */
  readonly newFailures: readonly { readonly cell: string; readonly why: string }[];
  /** How often visits and calls failed, whatever went well later: the whole first, then groups in which any did. */
  readonly failures: readonly FailureChange[];
  readonly provenance: readonly Difference[];
}

export const DEFAULT_THRESHOLD = 0.05;

/**
 * Compares two runs cell by cell, by groups of cells that differ in their image alone, and as a whole.
 *
 * @param threshold a share above 0: changes below it count as none
 */
export function compareRuns(a: Study, b: Study, { threshold }: { readonly threshold: number }): Comparison {
  const logA = logMedians(a);
  const logB = logMedians(b);
  const notComparable = whyNotComparable(a.manifest, b.manifest);
  const inBoth = notComparable === null ? a.manifest.cells.filter((c) => logA.has(c.id) && logB.has(c.id)) : [];
  const others = otherInputs(a.manifest, b.manifest);
  const shared = inBoth.filter((c) => !others.has(c.image));
  const cells = shared.map((cell) => ({
    cell,
    log: difference(logB.get(cell.id) as Estimate, logA.get(cell.id) as Estimate),
  }));
  const nulls = new Set([...nullModels(a.manifest), ...nullModels(b.manifest)]);
  const real = shared.filter((c) => !nulls.has(c.model));
  const overall = real.length === 0 ? null : judgeAlone(averaged(a, b, real), threshold);
  const groups = groupChanges(shared, a, b, { threshold, nulls });
  return {
    a: a.manifest.id,
    b: b.manifest.id,
    axes: shownAxes([...a.manifest.cells, ...b.manifest.cells], a.axes, ["image"]).map((axis) => axis.key),
    threshold,
    notComparable,
    overall,
    agreement: agreementOf(
      cells.map((c) => Math.exp(c.log.value)),
      overlapping(a, b, shared),
    ),
    groups,
    resolution: resolutionOf([...(overall === null ? [] : [overall]), ...groups.filter((g) => !g.isNull)]),
    cells: cells.map(({ cell, log }) => ({ cell, ...judgeAlone(log, threshold) })),
    onlyA: [...logA.keys()].filter((id) => !logB.has(id)),
    onlyB: [...logB.keys()].filter((id) => !logA.has(id)),
    otherInput: inBoth.filter((c) => others.has(c.image)).map((c) => c.id),
    newFailures: newFailures(a, b),
    failures: failureChanges(a, b),
    provenance: provenanceDifferences(a.manifest, b.manifest),
  };
}

/** Groups' medians and tails, all of them judged together: one family, so that many groups raise no false alarm. */
function groupChanges(
  cells: readonly Cell[],
  a: Study,
  b: Study,
  { threshold, nulls }: { readonly threshold: number; readonly nulls: ReadonlySet<string> },
): GroupChange[] {
  const groups = groupsBut(cells, a.axes, ["image"]);
  const medians = groupEstimates(groups, [a, b], (group) =>
    pairedFigures(group.map((c) => logMean(b, c) - logMean(a, c))),
  );
  const tails = groupEstimates(groups, [a, b], (group) => tailFigures(group, [a, b]));
  const family = [...medians, ...tails].flatMap((log, i) => (log === undefined ? [] : [{ i, log }]));
  const judged = judgeTogether(
    family.map((f) => f.log),
    threshold,
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

/** The mean over a cell's visits of their log medians. */
function logMean(study: Study, { id }: Cell): number {
  return mean((study.data.get(id)?.visits ?? []).map((v) => Math.log(v.medianMs)));
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
    const [x, y] = [a, b].map((study) => intervals(study).get(id)?.median ?? null);
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
  const before = logMedians(a);
  return [...b.data.values()].flatMap(({ cell, failure }) =>
    failure !== undefined && before.has(cell) ? [{ cell, why: `${failure.code}: ${failure.message}` }] : [],
  );
}

/** Intervals of every cell that has calls and did not fail. */
const intervals = once(
  (study: Study) =>
    new Map(
      [...study.data.values()]
        .filter((d) => d.failure === undefined && d.visits.length > 0)
        .map((d) => [d.cell, cellIntervals(d, study.manifest.seed)]),
    ),
);

function logMedians(study: Study): Map<string, Estimate> {
  return new Map([...intervals(study)].map(([cell, { logMedian }]) => [cell, logMedian]));
}

/** The log ratio averaged over cells. What slows a whole round of a run down is error of that round, not of each cell. */
function averaged(a: Study, b: Study, cells: readonly Cell[]): Estimate {
  const kinds = new Map(cells.map((c) => [c.id, keyOf(c, a.axes, [...WHEREVER, "load"])]));
  const over = (study: Study) =>
    meanOverRounds(
      cells.flatMap((c) => study.data.get(c.id) ?? []),
      (visit) => Math.log(visit.medianMs),
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
