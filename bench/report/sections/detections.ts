import { type Ground, classColours, describe, drawPicture, photographSymbol, textOf } from "../drawings/draw.ts";
import type { Agreement, ModelFindings, Picture } from "../../stats/detections/findings.ts";
import { findingsOf } from "../../stats/detections/findings.ts";
import type { Photograph } from "../../records/photographs.ts";
import { once } from "../../stats/math/memo.ts";
import { OBJECT_SCORE } from "../../stats/objects.ts";
import type { Study } from "../../stats/study.ts";
import { type Block, type Table, figure, fold, notice, only, rights, table } from "../blocks.ts";
import { kindTitle } from "../charts/colours.ts";
import { and, count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { joined, trusted } from "../render/markup.ts";
import type { ReportInputs, Section } from "../section.ts";

const findings = once((study: Study): readonly ModelFindings[] =>
  study.seen === undefined ? [] : findingsOf(study.manifest, study.seen),
);

/** The paper's Figures 6 and 7: what each model found on each photograph, and whether all of its answers are one. */
export const detectionsSection: Section = {
  id: "detections",
  title: "What the models found",
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
        .map(({ model }) => `${model} has random weights: its detections mean nothing and are not shown.`)
        .map((text) => notice("unsure", text)),
      agreement(all.flatMap((f) => f.agreements)),
    ];
  },
  json: ({ study }) => (study?.seen === undefined ? {} : { detections: findings(study) }),
};

function foundTable(pictured: readonly ModelFindings[]): Table {
  return table({
    columns: ["model", "image", `objects with a score of at least ${OBJECT_SCORE}`],
    rows: pictured.flatMap(({ model, pictures }) =>
      pictures.map((p) => [model, p.image, p.fault ?? (p.found.map(textOf).join(", ") || "–")]),
    ),
    notes: ["From the first measured answer of each model to each image."],
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
  const shared = trusted(
    symbols.length === 0 ? "" : `<svg class="holder" aria-hidden="true">${symbols.join("")}</svg>`,
  );
  const colours = classColours(pictured.flatMap((f) => f.pictures));
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
        `Objects with a score of at least ${OBJECT_SCORE}, in the model's first measured answer` +
        (pictures.every((p) => photographs.has(p.image))
          ? ". Each class has one colour in all pictures."
          : ". Blank: the run kept no copy of the photograph."),
      small: true,
      panels: pictures.map((p, j) => {
        const drawing = trusted(drawPicture(p, groundOf(p.image), colours));
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
  const who = { server: "one server", servers: "different servers", decoders: "servers that decode the file" };
  return `${who[between]}: ${and(clients.map(kindTitle))}`;
}

/** Whether all answers to the same input are one: in a sentence, and as a table, folded. */
function agreement(agreements: readonly Agreement[]): Block {
  if (agreements.length === 0)
    return notice("unsure", "No two answers were given to the same input, so protocols cannot be compared.");
  const pairs = agreements.reduce((sum, a) => sum + a.pairs, 0);
  const differ = agreements.reduce((sum, a) => sum + a.disagreements.length, 0);
  const text = differ === 0 ? `all ${count(pairs, "pair")} agree` : `${differ} of ${count(pairs, "pair")} differ`;
  return fold(`Answers to the same input, compared: ${text}`, agreementTable(agreements));
}

function agreementTable(agreements: readonly Agreement[]): Table {
  const small = (difference: number) =>
    difference >= 1e-3 ? difference.toFixed(3) : difference === 0 ? "0" : difference.toExponential(1);
  return table({
    columns: ["model", "between", ...rights("pairs", "scores differ by", "box edges by"), "agree"],
    rows: agreements.map((a) => [
      ...[a.model, between(a), String(a.pairs), small(a.scoreDifference), small(a.boxDifference)],
      a.disagreements.length === 0
        ? { text: "yes", tone: "good" as const }
        : { text: `no: ${a.disagreements.length} differ`, tone: "bad" as const },
    ]),
    notes: [
      ...agreements.flatMap(({ disagreements }) =>
        disagreements.slice(0, 3).map((d) => `${d.a} and ${d.b}: ${d.differences.slice(0, 4).join("; ")}`),
      ),
    ],
    method: "detections",
  });
}
