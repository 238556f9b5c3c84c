import { TOLERANCE_RULE } from "../../stats/detections/compare.ts";
import { type Ground, PICTURE_CSS, describe, drawPicture, photographSymbol, textOf } from "../drawings/draw.ts";
import type { Agreement, ModelFindings, Picture } from "../../stats/detections/findings.ts";
import { detectionAlarms, findingsOf } from "../../stats/detections/findings.ts";
import type { Photograph } from "../../records/photographs.ts";
import { once } from "../../stats/math/memo.ts";
import { OBJECT_SCORE } from "../../stats/objects.ts";
import { type Study, outlierCells } from "../../stats/study.ts";
import { type Block, type Table, figure, notice, only, rights, table } from "../blocks.ts";
import { kindTitle } from "../charts/colours.ts";
import { and, count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { joined, trusted } from "../render/markup.ts";
import type { ReportInputs, Section } from "../section.ts";

const findings = once((study: Study): readonly ModelFindings[] =>
  study.seen === undefined ? [] : findingsOf(study.manifest, study.seen),
);

/** Most outliers that are named; the rest is counted. */
const NAMED = 5;

/** What must be known before any number is read: answers that differ, cells that are outliers. */
export const attentionSection: Section = {
  id: "attention",
  title: "Attention",
  blocks: ({ study }) =>
    study === undefined
      ? []
      : [
          ...detectionAlarms(findings(study)).map((text) => notice("bad", text)),
          ...tooLargeNotice(study),
          ...outlierNotices(study),
        ],
};

/** Answers that were too large to be kept: their calls count, and what they say is not compared. */
function tooLargeNotice({ seen }: Study): Block[] {
  const [first, ...others] = seen?.tooLarge ?? [];
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : ` and of ${count(others.length, "other cell")}`;
  const what = `The answer of ${first[0]} (${first[1]} values)${more} is too large to be kept`;
  return [notice("unsure", `${what}: it is timed like any other, and neither shown nor compared.`)];
}

/** Cells visited once that are outliers: what is done about them, and what helps. */
function outlierNotices(study: Study): Block[] {
  const outliers = [...outlierCells(study)].sort(([, a], [, b]) => Math.abs(Math.log(b)) - Math.abs(Math.log(a)));
  const named = outliers.slice(0, NAMED).map(([cell, ratio], i) => {
    const digits = ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2;
    return `${cell}${i === 0 ? " took" : ""} ${ratio.toFixed(digits)} times`;
  });
  const more = outliers.length > NAMED ? ` (${outliers.length - NAMED} more: report.json, effects.setAside)` : "";
  return [
    ...when(
      outliers.length > 0,
      notice(
        "unsure",
        `${count(outliers.length, "cell")} visited once ${outliers.length === 1 ? "is an outlier" : "are outliers"}: ${and(named)} what all other ` +
          `cells of the model predict${more}. One visit does not say whether the cell is so slow or one call was, so effects, answers ` +
          "and verdicts are made without such cells; tables of cells show what was measured. A longer run visits them again.",
      ),
    ),
  ];
}

/** The paper's Figures 6 and 7: what each model found on each photograph, and whether all of its answers are one. */
export const detectionsSection: Section = {
  id: "detections",
  title: "What the models found (the paper's Figures 6 and 7)",
  short: "Detections",
  blocks({ study, manifest }) {
    const all = study === undefined ? [] : findings(study);
    if (all.length === 0) return [];
    const pictured = all.filter((f) => f.pictures.length > 0);
    return [
      ...when(pictured.length > 0, only(["terminal", "markdown"], foundTable(pictured))),
      only(["html"], ...figures(pictured, manifest, study?.seen?.photographs ?? new Map())),
      ...all
        .filter((f) => f.timingOnly)
        .map(
          ({ model }) => `${model} has random weights: what it finds means nothing, and is neither shown nor counted.`,
        )
        .map((text) => notice("unsure", text)),
      agreementTable(all.flatMap((f) => f.agreements)),
    ];
  },
  json: ({ study }) => (study?.seen === undefined ? {} : { detections: findings(study) }),
};

function foundTable(pictured: readonly ModelFindings[]): Table {
  return table({
    columns: ["model", "image", `objects with a score of ${OBJECT_SCORE} and more`],
    rows: pictured.flatMap(({ model, pictures }) =>
      pictures.map((p) => [model, p.image, p.fault ?? (p.found.map(textOf).join(", ") || "–")]),
    ),
    notes: ["Of the first measured answer of each model to each image."],
  });
}

/** One figure a model. Each photograph is in the page once, and all drawings on it refer to that copy. */
function figures(
  pictured: readonly ModelFindings[],
  manifest: ReportInputs["manifest"],
  photographs: ReadonlyMap<string, Photograph>,
): Block[] {
  const sizes = new Map(manifest.images.map((i) => [i.name, i]));
  const used = [...new Set(pictured.flatMap((f) => f.pictures.map((p) => p.image)))];
  const idOf = (image: string) => `photograph-${image}`;
  const symbols = used.flatMap((image) => {
    const photograph = photographs.get(image);
    return photograph === undefined ? [] : [photographSymbol(idOf(image), photograph)];
  });
  // A drawing that shows nothing and holds the photographs for the others.
  const holder = `<svg width="0" height="0" style="position:absolute" aria-hidden="true">${symbols.join("")}</svg>`;
  const shared = trusted(`<style>${PICTURE_CSS}</style>${symbols.length === 0 ? "" : holder}`);
  const groundOf = (image: string): Ground => {
    const photograph = photographs.get(image);
    if (photograph !== undefined) return { ...photograph, photographId: idOf(image) };
    const { width = 4, height = 3 } = sizes.get(image) ?? {};
    return { width: 560, height: Math.round((560 * height) / width) };
  };
  return pictured.map(({ model, pictures }, i) =>
    figure({
      title: `What ${model} found`,
      caption:
        `Objects with a score of ${OBJECT_SCORE} and more, in the first measured answer of each cell shown` +
        (pictures.every((p) => photographs.has(p.image))
          ? "."
          : "; the run kept no copy of photographs that are blank."),
      panels: pictures.map((p, j) => {
        const drawing = trusted(drawPicture(p, groundOf(p.image)));
        return { title: titleOf(p), picture: i === 0 && j === 0 ? joined([shared, drawing]) : drawing };
      }),
      alternative: pictures.map(describe).join(". "),
      data: objectsTable(pictures, sizes),
    }),
  );
}

function titleOf({ image, fault, found }: Picture): string {
  if (fault !== undefined) return `${image}: the answer is not whole: ${fault}`;
  return found.length === 0 ? `${image}: nothing found` : image;
}

function objectsTable(
  pictures: readonly Picture[],
  sizes: ReadonlyMap<string, { readonly width: number; readonly height: number }>,
): Table {
  return table({
    columns: ["image", "object", ...rights("score", "left", "top", "width", "height")],
    rows: pictures.flatMap(({ image, found }) => {
      const { width = NaN, height = NaN } = sizes.get(image) ?? {};
      return found.map(({ label, score, box }) => [
        ...[image, label, score.toFixed(3)],
        ...[box.left * width, box.top * height, (box.right - box.left) * width, (box.bottom - box.top) * height].map(
          (v) => v.toFixed(0),
        ),
      ]);
    }),
    notes: ["Left, top, width and height of the box in pixels of the photograph."],
  });
}

/** Who was compared: `one server: gRPC (probe) and REST (rest)`. */
function between({ between, clients }: Agreement): string {
  return `${between === "server" ? "one server" : "different servers"}: ${and(clients.map(kindTitle))}`;
}

function agreementTable(agreements: readonly Agreement[]): Block {
  if (agreements.length === 0)
    return notice("unsure", "No two answers are to the same input: protocols cannot be compared.");
  const small = (difference: number) =>
    difference >= 1e-3 ? difference.toFixed(3) : difference === 0 ? "0" : difference.toExponential(1);
  return table({
    caption: "Answers to the same input, compared",
    columns: ["model", "between", ...rights("pairs", "scores differ by", "box edges by"), "agree"],
    rows: agreements.map((a) => [
      ...[a.model, between(a), String(a.pairs), small(a.scoreDifference), small(a.boxDifference)],
      a.disagreements.length === 0
        ? { text: "yes", tone: "good" as const }
        : { text: `NO: ${a.disagreements.length} differ`, tone: "bad" as const },
    ]),
    notes: [
      ...agreements.flatMap(({ disagreements }) =>
        disagreements.slice(0, 3).map((d) => `${d.a} and ${d.b}: ${d.differences.slice(0, 4).join("; ")}`),
      ),
      `${TOLERANCE_RULE}. An object that only one answer has counts with its score.`,
    ],
  });
}
