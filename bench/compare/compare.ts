import type { Cell } from "../cell.ts";
import { cellIntervals } from "../stats/bootstrap.ts";
import { type Estimate, type RatioEstimate, linear, ratioOf } from "../stats/estimate.ts";
import { quantile } from "../stats/quantile.ts";
import { meanOverRounds } from "../stats/rounds.ts";
import { type Study, loadOf, nullModels, placeOf } from "../stats/study.ts";
import { type Difference, provenanceDifferences } from "./provenance.ts";

/** What became of a latency from run A to run B. */
export type Change = "faster" | "slower" | "same" | "cannot tell";

/** B's median latency over A's, and what that means at the threshold. */
export interface Compared extends RatioEstimate {
  readonly change: Change;
}

/** One cell that both runs measured. */
export interface CellChange extends Compared {
  readonly cell: Cell;
}

/** Cells of one placement, model, client kind and load: the geometric mean of their ratios over images. */
export interface GroupChange extends Compared {
  readonly place: string;
  readonly model: string;
  readonly clientKind: string;
  /** `x4`, `10/s`; empty for one call after the other. */
  readonly load: string;
  readonly images: number;
}

/** How far the medians of one cell lie apart in two runs, as a share of the smaller one (0.02: two per cent). */
export interface Agreement {
  readonly cells: number;
  /** Median over cells. */
  readonly typical: number;
  /** Nine cells of ten differ by no more than this. */
  readonly ninth: number;
  readonly largest: number;
}

/** Two runs side by side. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  /** Changes below this share (0.05: five per cent) count as none. */
  readonly threshold: number;
  /** Every cell of both runs; the null model is a group of its own and no part of this. Null: nothing in common. */
  readonly overall: Compared | null;
  /** How well the runs agree, cell by cell; null where they have none in common. */
  readonly agreement: Agreement | null;
  /** Judged with intervals that hold for all groups at once (Bonferroni), so that many groups raise no false alarm. */
  readonly groups: readonly GroupChange[];
  readonly cells: readonly CellChange[];
  /** Cells that only one run has calls for. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** Cells that A measured and in which B failed, with why. */
  readonly newFailures: readonly { readonly cell: string; readonly why: string }[];
  readonly provenance: readonly Difference[];
}

export interface CompareOptions {
  readonly threshold: number;
}

export const DEFAULT_THRESHOLD = 0.05;

/** The rule behind `Change`, for readers of the table. */
export function changeRule(threshold: number): string {
  const [low, high] = band(threshold);
  return (
    `slower, faster: the whole 95 % interval of B over A lies above ${high.toFixed(3)} or below ${low.toFixed(3)}; same: within; ` +
    "otherwise one cannot tell. Groups are judged with wider intervals, that hold for all of them at once (Bonferroni). All " +
    "know the noise within each run, not what a restart of a server changes: " +
    "two runs of one set-up show how large that is, and the threshold should lie above it"
  );
}

/**
 * Compares two runs cell by cell, by placement, model and client kind, and as a whole.
 *
 * @param options.threshold a share above 0: changes below it count as none
 */
export function compareRuns(a: Study, b: Study, options: CompareOptions): Comparison {
  const { threshold } = options;
  const logA = logMedians(a);
  const logB = logMedians(b);
  const cells = a.manifest.cells.flatMap((cell) => {
    const [before, after] = [logA.get(cell.id), logB.get(cell.id)];
    return before === undefined || after === undefined
      ? []
      : [
          {
            cell,
            log: linear([
              [1, after],
              [-1, before],
            ]),
          },
        ];
  });
  const grouped = new Map<string, typeof cells>();
  for (const c of cells) {
    const key = [placeOf(c.cell), c.cell.model, c.cell.clientKind, loadOf(c.cell)].join("|");
    grouped.set(key, [...(grouped.get(key) ?? []), c]);
  }
  const nulls = new Set([...nullModels(a.manifest), ...nullModels(b.manifest)]);
  const real = cells.filter((c) => !nulls.has(c.cell.model));
  const level = 1 - 0.05 / Math.max(1, grouped.size);
  return {
    a: a.manifest.id,
    b: b.manifest.id,
    threshold,
    overall:
      real.length === 0
        ? null
        : compared(
            averaged(
              a,
              b,
              real.map((c) => c.cell),
            ),
            threshold,
          ),
    agreement: agreementOf(cells.map((c) => c.log.value)),
    groups: [...grouped.values()].flatMap((members): GroupChange[] => {
      const first = members[0]?.cell;
      if (first === undefined) return [];
      const log = averaged(
        a,
        b,
        members.map((m) => m.cell),
      );
      const { change } = compared(log, threshold, level);
      const { model, clientKind } = first;
      const load = loadOf(first).trim();
      return [{ place: placeOf(first), model, clientKind, load, images: members.length, ...ratioOf(log), change }];
    }),
    cells: cells.map(({ cell, log }) => ({ cell, ...compared(log, threshold) })),
    onlyA: [...logA.keys()].filter((id) => !logB.has(id)),
    onlyB: [...logB.keys()].filter((id) => !logA.has(id)),
    newFailures: newFailures(a, b),
    provenance: provenanceDifferences(a.manifest, b.manifest),
  };
}

/**
 * The exit code of a comparison: 1 where B is slower as a whole or in a group, or fails in a cell that A measured; 2 where
 * the runs have nothing in common; 0 otherwise.
 *
 * @param strict also 1 where one cannot tell for the whole or a group
 */
export function exitCodeOf(c: Comparison, strict = false): 0 | 1 | 2 {
  if (c.overall === null && c.groups.length === 0) return c.newFailures.length > 0 ? 1 : 2;
  const changes = [...(c.overall === null ? [] : [c.overall]), ...c.groups].map((x) => x.change);
  const bad = changes.includes("slower") || c.newFailures.length > 0 || (strict && changes.includes("cannot tell"));
  return bad ? 1 : 0;
}

function agreementOf(logs: readonly number[]): Agreement | null {
  if (logs.length === 0) return null;
  const apart = Float64Array.from(logs, (log) => Math.expm1(Math.abs(log))).sort();
  return {
    cells: apart.length,
    typical: quantile(apart, 0.5),
    ninth: quantile(apart, 0.9),
    largest: apart.at(-1) as number,
  };
}

function newFailures(a: Study, b: Study): Comparison["newFailures"] {
  const before = logMedians(a);
  return [...b.data.values()].flatMap((d) =>
    d.failure !== undefined && before.has(d.cell)
      ? [{ cell: d.cell, why: `${d.failure.code}: ${d.failure.message}` }]
      : [],
  );
}

function logMedians(study: Study): Map<string, Estimate> {
  return new Map(
    [...study.data.values()]
      .filter((d) => d.failure === undefined && d.visits.length > 0)
      .map((d) => [d.cell, cellIntervals(d, study.manifest.seed).logMedian]),
  );
}

/** The log ratio averaged over cells. What slows a whole round of a run down is error of that round, not of each cell. */
function averaged(a: Study, b: Study, cells: readonly Cell[]): Estimate {
  const over = (study: Study) =>
    meanOverRounds(
      cells.flatMap((c) => study.data.get(c.id) ?? []),
      (visit) => Math.log(visit.medianMs),
    );
  return linear([
    [1, over(b)],
    [-1, over(a)],
  ]);
}

function band(threshold: number): readonly [number, number] {
  return [1 / (1 + threshold), 1 + threshold];
}

function compared(log: Estimate, threshold: number, level = 0.95): Compared {
  const estimate = ratioOf(log, level);
  return { ...estimate, change: changeOf(estimate, threshold) };
}

function changeOf({ interval }: RatioEstimate, threshold: number): Change {
  const [low, high] = band(threshold);
  if (interval === null) return "cannot tell";
  if (interval.low > high) return "slower";
  if (interval.high < low) return "faster";
  return interval.low >= low && interval.high <= high ? "same" : "cannot tell";
}
