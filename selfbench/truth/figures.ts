import type { Cell } from "../../bench/matrix/cell.ts";
import { cellCentres, centreOver } from "../../bench/stats/cells/cell-intervals.ts";
import { questions } from "../../bench/stats/choices.ts";
import { factorLevels } from "../../bench/stats/levels.ts";
import { type Interval, ratioOf } from "../../bench/stats/math/estimate.ts";
import { mean } from "../../bench/stats/math/quantile.ts";
import { effectsOf } from "../../bench/stats/run-effects.ts";
import type { Study } from "../../bench/stats/study.ts";
import { type Count, holds, yes } from "./score.ts";
import type { Truth, World } from "./world.ts";

/** One simulated run, and the truth about it. */
export interface Known {
  readonly study: Study;
  readonly world: World;
  readonly truth: (cell: Cell) => Truth;
}

const inLogs = (interval: Interval | null | undefined): Interval | null =>
  interval == null ? null : { low: Math.log(interval.low), high: Math.log(interval.high) };

const logOf = ({ world, truth }: Known, cell: Cell) => world.log(cell) + truth(cell).logMedian;

/** Counts the intervals of cells' medians that hold the truth. */
export function cellMedians(known: Known, of: (cell: Cell) => boolean = () => true): Count {
  const centres = cellCentres(known.study, "median");
  return holds(
    known.study.manifest.cells.filter(of).map((c) => [inLogs(centres.get(c.id)?.interval), logOf(known, c)] as const),
  );
}

/**
 * Counts means as the paper's tables have them: of a model on a machine that calls itself, over all images or of one. A mean is
 * right if its interval holds the truth, or if it has no interval and the table says that outliers leave it unknown.
 */
export function tableMeans(known: Known, images: (cell: Cell) => boolean): Count {
  const local = known.study.manifest.cells.filter((c) => c.local && c.model !== "null" && images(c));
  const groups = [...Map.groupBy(local, (c) => `${c.server} ${c.client} ${c.model}`).values()];
  const shown = groups.map((own) => {
    const truth = mean(own.map((c) => Math.exp(known.world.log(c)) * known.truth(c).meanFactor));
    return [ratioOf(centreOver(known.study, own, "mean")).interval, truth] as const;
  });
  const said = shown.filter(([interval]) => interval === null).length;
  const { right, of } = holds(shown);
  return { right: right + said, of: of + said };
}

const computing = ({ study }: Known) => study.manifest.cells.filter((c) => c.model !== "null");

/**
 * Intervals of the effects of one factor, averaged over all else and at one level of another.
 *
 * @param orSaid right is also one of which the run says that it has too few rounds to tell
 */
export function effects(known: Known, factor: string, orSaid = false): Count {
  const cells = computing(known);
  const { axes } = known.study;
  const average = (at: Readonly<Record<string, string>>) =>
    mean(
      cells
        .filter((c) => Object.entries(at).every(([f, level]) => factorLevels(c, axes)[f] === level))
        .map((c) => logOf(known, c)),
    );
  const rows = effectsOf(known.study)?.rows.filter((r) => r.factor === factor && r.at?.factor !== "image") ?? [];
  const said = orSaid ? rows.filter((r) => r.doubt !== undefined).length : 0;
  const { right, of } = holds(
    rows
      .filter((r) => !orSaid || r.doubt === undefined)
      .map((r) => {
        const where = r.at === null ? {} : { [r.at.factor]: r.at.level };
        const truth = average({ ...where, [factor]: r.over }) - average({ ...where, [factor]: r.under });
        return [inLogs(r.interval), truth] as const;
      }),
  );
  return { right: right + said, of: of + said };
}

/** Counts what a run's answers say: intervals of levels in milliseconds, and whether a level is called the fastest that is not. */
export function answers(known: Known, differ: string): { readonly levels: Count; readonly wrong: Count } {
  const { axes } = known.study;
  const asked = questions(known.study).filter((q) => q.model === undefined && !q.local && q.differ[0] === differ);
  const average = (at: Readonly<Record<string, string>>) =>
    mean(
      computing(known)
        .filter((c) => c.clientMachine === "client")
        .filter((c) => Object.entries(at).every(([f, level]) => factorLevels(c, axes)[f] === level))
        .map((c) => logOf(known, c)),
    );
  const levels = asked.flatMap((q) => q.options.map((o) => [inLogs(o.ms.interval), average(o.at)] as const));
  const wrong = asked.filter((q) => {
    const logs = q.options.map((o) => average(o.at));
    return (
      q.outcome === "clear" && (logs[0] ?? 0) > Math.min(...logs) - (logs.length > 1 && isTie(logs) ? 1 : 0) + 1e-9
    );
  });
  return { levels: holds(levels), wrong: yes(wrong.length > 0) };
}

/** Whether the two fastest are equally fast. */
const isTie = (logs: readonly number[]) => {
  const [first = 0, second = 0] = logs.toSorted((a, b) => a - b);
  return second - first < 1e-9;
};
