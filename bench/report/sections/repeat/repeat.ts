import type { Axis } from "../../../matrix/axes.ts";
import { type Apart, NEAR } from "../../../compare/apart.ts";
import { DEFAULT_THRESHOLD, type Comparison, compareRuns } from "../../../compare/compare.ts";
import { once } from "../../../stats/math/memo.ts";
import { type RunsAgreement, runsAgreement } from "./agreement.ts";
import { type Block, prose, right, table } from "../../blocks.ts";
import { atTitle, ratioTitle } from "../effects.ts";
import { count } from "../../../../lib/words.ts";
import { formatRatio, formatRatioInterval, formatShare } from "../../../format/numbers.ts";
import type { ReportInputs, Section } from "../../section.ts";

const MOST_CELLS = 8;

/** How well this run agrees with the one that it repeats: what a difference between two runs means on these machines. */
export const repeatSection: Section = {
  id: "repeat",
  title: "How well two runs of this matrix agree",
  short: "Two runs",
  blocks(inputs) {
    const both = comparison(inputs);
    if (both === undefined) return [];
    const { c, agreement } = both;
    if (agreement.cells === null) return [prose(`Run ${c.a}, which this one repeats, has no cell in common with it.`)];
    return [
      prose(`Compared with run ${c.a}, which this one repeats. ${agreementText(agreement)}`),
      ...ratios(agreement, inputs.axes),
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
  const c = compareRuns(earlier, study, { threshold: DEFAULT_THRESHOLD });
  return { c, agreement: runsAgreement(earlier, study, c.cells) };
});

/** How well two runs agree, in words: what they conclude, then cell by cell. */
export function agreementText({ cells, models, ratiosApart, verdicts }: RunsAgreement): string {
  const same = verdicts.filter((v) => v.first === v.second).length;
  const changed = verdicts.filter((v) => v.first !== v.second).map((v) => `${v.text}: ${v.first}, then ${v.second}`);
  const others = cells !== null && models !== null && cells.figures > models.figures;
  return [
    ...(ratiosApart === null
      ? []
      : [`Its ${count(ratiosApart.figures, "ratio")} below lie ${apartText(ratiosApart)}.`]),
    ...(verdicts.length === 0
      ? []
      : [
          `Of the paper's conclusions ${same} of ${verdicts.length} have the same verdict in both runs` +
            `${changed.length === 0 ? "" : ` (${changed.join("; ")})`}.`,
        ]),
    ...(models === null
      ? []
      : [`The medians of its ${count(models.figures, "cell")} with a model lie ${apartText(models)}.`]),
    ...(others
      ? [
          `With those of the null model, of a few milliseconds each (${count(cells.figures, "cell")}): ${apartText(cells)}.`,
        ]
      : []),
  ].join(" ");
}

function apartText(a: Apart): string {
  return (
    `${formatShare(a.typical)} apart (median), nine of ten within ${formatShare(a.ninth)}, all within ${formatShare(a.largest)}, ` +
    `${formatShare(a.near)} of them within ${100 * NEAR} %`
  );
}

function ratios({ ratios: all }: RunsAgreement, axes: readonly Axis[]): Block[] {
  if (all.length === 0) return [];
  return [
    table({
      caption: "The ratios that the run is made for, in both runs",
      columns: [
        ...[{ title: "ratio" }, { title: "at" }, right("first run"), right("this run"), right("this over\nthe first")],
      ],
      rows: all.map(({ row, first, second }) => [
        ...[ratioTitle(row, axes), atTitle(row, axes)],
        ...[first, second, second / first].map(formatRatio),
      ]),
    }),
  ];
}

function farthest({ cells }: Comparison): Block {
  const far = [...cells].sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio))).slice(0, MOST_CELLS);
  return table({
    caption:
      far.length < cells.length ? `The ${MOST_CELLS} cells that differ most, of ${cells.length}` : "Cell by cell",
    columns: [{ title: "cell" }, right("this run over the first"), right("95 % interval")],
    rows: far.map((x) => [x.cell.id, formatRatio(x.ratio), formatRatioInterval(x.interval)]),
  });
}
