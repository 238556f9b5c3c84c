import type { Axis } from "../../../matrix/axes.ts";
import type { Cell } from "../../../matrix/cell.ts";
import { type EffectRow, effectsOf } from "../../../stats/run-effects.ts";
import { type Study, nullModels } from "../../../stats/study.ts";
import { verdicts } from "../../../verdicts/index.ts";
import type { Outcome } from "../../../verdicts/verdict.ts";
import { type Apart, NEAR, apartOf } from "../../../compare/apart.ts";
import { DEFAULT_THRESHOLD, type Comparison, compareRuns } from "../../../compare/compare.ts";
import { once } from "../../../stats/math/memo.ts";
import { type Block, prose, rights, table } from "../../blocks.ts";
import { atTitle, ratioTitle } from "../effects.ts";
import { count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { formatRatio, formatRatioInterval, formatShare } from "../../../format/numbers.ts";
import type { ReportInputs, Section } from "../../section.ts";

const MOST_CELLS = 8;

/** One of the ratios that a run is made for, in both runs. */
export interface RatioPair {
  readonly row: EffectRow;
  readonly first: number;
  readonly second: number;
}

/** How well two runs of one matrix agree: cell by cell, and in what they conclude. */
export interface RunsAgreement {
  /** Of the cells' medians: of all, and of those that are a model's; null where there are none. */
  readonly cells: Apart | null;
  readonly models: Apart | null;
  /** Effects of all factors but the image, averaged over all else and at each level of another factor. */
  readonly ratios: readonly RatioPair[];
  readonly ratiosApart: Apart | null;
  readonly verdicts: readonly { readonly text: string; readonly first: Outcome; readonly second: Outcome }[];
}

/** @param cells second run's median over the first's, of the cells that both measured */
export function runsAgreement(
  first: Study,
  second: Study,
  cells: readonly { readonly cell: Cell; readonly ratio: number }[],
): RunsAgreement {
  const nulls = new Set([...nullModels(first.manifest), ...nullModels(second.manifest)]);
  const key = (r: EffectRow) => JSON.stringify([r.factor, r.over, r.under, r.at]);
  const before = new Map(effectsOf(first)?.rows.map((r) => [key(r), r.ratio]));
  // Which image is slowest is chosen by the numbers themselves, so that ratio is none of these.
  const ratios = (effectsOf(second)?.rows ?? []).flatMap((row): RatioPair[] => {
    const ratio = before.get(key(row));
    return row.factor === "image" || ratio === undefined ? [] : [{ row, first: ratio, second: row.ratio }];
  });
  const old = new Map(verdicts(first).map((v) => [v.id, v.ours.outcome]));
  return {
    cells: apartOf(cells.map((c) => c.ratio)),
    models: apartOf(cells.filter((c) => !nulls.has(c.cell.model)).map((c) => c.ratio)),
    ratios,
    ratiosApart: apartOf(ratios.map((r) => r.second / r.first)),
    verdicts: verdicts(second).flatMap((v) => {
      const outcome = old.get(v.id);
      return outcome === undefined ? [] : [{ text: v.text, first: outcome, second: v.ours.outcome }];
    }),
  };
}

/** How well this run agrees with the one that it repeats: what a difference between two runs means on these machines. */
export const repeatSection: Section = {
  id: "repeat",
  title: "How well two runs of this matrix agree",
  short: "Two runs",
  blocks(inputs) {
    const both = comparison(inputs);
    if (both === undefined) return [];
    const { c, agreement } = both;
    if (agreement.cells === null) return [prose(`This run repeats run ${c.a}, but they have no cell in common.`)];
    const ratios = ratiosTable(agreement, inputs.axes);
    return [
      prose(`This run repeats run ${c.a}. ${agreementText(agreement)}`),
      ...when(agreement.ratios.length > 0, ratios),
      farthest(c),
    ];
  },
  json: (inputs) => {
    const both = comparison(inputs);
    return both === undefined ? {} : { repeat: { of: both.c.a, ...both.agreement, overall: both.c.overall } };
  },
};

const comparison = once(({ study, earlier }: ReportInputs): { c: Comparison; agreement: RunsAgreement } | undefined => {
  if (study === undefined || earlier === undefined) return undefined;
  const c = compareRuns(earlier, study, { threshold: DEFAULT_THRESHOLD, asMeasured: true });
  return { c, agreement: runsAgreement(earlier, study, c.cells) };
});

/** How well two runs agree, in words: what they conclude, then cell by cell. */
export function agreementText({ cells, models, ratiosApart, verdicts: all }: RunsAgreement): string {
  const same = all.filter((v) => v.first === v.second).length;
  const changed = all.filter((v) => v.first !== v.second).map((v) => `${v.text}: ${v.first}, then ${v.second}`);
  const others = cells !== null && models !== null && cells.figures > models.figures;
  return [
    ...(ratiosApart === null
      ? []
      : [`The ${count(ratiosApart.figures, "ratio")} below lie ${apartText(ratiosApart)}.`]),
    ...when(
      all.length > 0,
      `${same} of the paper's ${all.length} conclusions have the same verdict in both runs` +
        `${changed.length === 0 ? "" : ` (${changed.join("; ")})`}.`,
    ),
    ...(models === null
      ? []
      : [`The medians of the ${count(models.figures, "cell")} with a model lie ${apartText(models)}.`]),
    ...(others
      ? [
          `With the cells of the null model, of a few milliseconds each (${count(cells.figures, "cell")} in all), they lie ${apartText(cells)}.`,
        ]
      : []),
  ].join(" ");
}

function apartText(a: Apart): string {
  return (
    `${formatShare(a.typical)} apart (median; nine of ten within ${formatShare(a.ninth)}, all within ${formatShare(a.largest)}, ` +
    `${formatShare(a.near)} of them within ${100 * NEAR} %)`
  );
}

function ratiosTable({ ratios }: RunsAgreement, axes: readonly Axis[]): Block {
  return table({
    caption: "The ratios that the run is made for, in both runs",
    columns: ["ratio", "at", ...rights("first run", "this run", "this over\nthe first")],
    rows: ratios.map(({ row, first, second }) => [
      ...[ratioTitle(row, axes), atTitle(row, axes)],
      ...[first, second, second / first].map(formatRatio),
    ]),
  });
}

function farthest({ cells }: Comparison): Block {
  const far = [...cells].sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio))).slice(0, MOST_CELLS);
  return table({
    caption:
      far.length < cells.length ? `The ${MOST_CELLS} cells that differ most, of ${cells.length}` : "Cell by cell",
    columns: ["cell", ...rights("this run over the first", "95 % interval")],
    rows: far.map((x) => [x.cell.id, formatRatio(x.ratio), formatRatioInterval(x.interval)]),
  });
}
