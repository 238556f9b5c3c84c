import type { Levels } from "../../stats/effects/design.ts";
import { EFFECTS_RULE, type EffectsFit, ratioOfContrast } from "../../stats/effects/effects.ts";
import type { RatioEstimate } from "../../stats/math/estimate.ts";
import { once } from "../../stats/math/memo.ts";
import { type Study, fitStudy, nullModels, wildCells } from "../../stats/study.ts";
import { type Figure, type Table, figure, fold, only, right, table } from "../blocks.ts";
import { kindTitle } from "../charts/colours.ts";
import { intervalChart, unknownKey } from "../charts/intervals.ts";
import { FACTOR_TITLES } from "./columns.ts";
import { count } from "../../../lib/words.ts";
import { formatRatio, formatRatioInterval, known } from "../../format/numbers.ts";
import type { Section } from "../section.ts";

/** One effect: a level over another, everywhere or at one level of another factor. */
export interface EffectRow extends RatioEstimate {
  readonly factor: string;
  /** `null`: averaged over everything else; otherwise where it holds: `model ssd-mobilenet`. */
  readonly at: string | null;
  readonly over: string;
  readonly under: string;
}

/** The effects of a run, and how well the model that they are from describes it. */
export interface Effects {
  readonly rows: readonly EffectRow[];
  readonly explained: number;
  /** What noise does to a visit's median, as a factor of one standard deviation. */
  readonly noiseFactor: number;
  /** What the model leaves unexplained of a cell, as a factor of one standard deviation. NaN where it has a term for each. */
  readonly misfitFactor: number;
  /** Combinations that the model stands in for, because no cell was measured of them. */
  readonly missing: number;
  /** Cells that are set aside, and how many times as long each took as was to be expected. */
  readonly setAside: Readonly<Record<string, number>>;
  readonly observations: number;
  readonly rounds: number;
  /** Pairs of factors whose acting together these cells cannot show. */
  readonly leftOut: readonly string[];
}

/** Factors whose effect is shown at each level of another one, where both act together. */
const CONDITIONAL = [
  ["client", "model"],
  ["client", "place"],
  ["model", "place"],
  ["client", "image"],
  ["model", "image"],
] as const;

/** Effects at each image are many: they are in a table of their own. */
const atImage = ({ at }: EffectRow) => at?.startsWith("image ") === true;

/** The effects that a run shows; the null model takes no part. Undefined where nothing varies or can be told apart. */
export const effectsOf = once((study: Study): Effects | undefined => {
  const nulls = nullModels(study.manifest);
  const fitted = fitStudy(study, (c) => !nulls.has(c.model));
  if (fitted === undefined) return undefined;
  const { fit, leftOut } = fitted;
  return {
    rows: [...mainRows(fit), ...conditionalRows(fit)],
    explained: fit.explained,
    noiseFactor: Math.exp(fit.noise),
    misfitFactor: Math.exp(fit.misfit),
    missing: fit.missing,
    setAside: Object.fromEntries([...wildCells(study)].filter(([cell]) => fit.wild.includes(cell))),
    observations: fit.observations,
    rounds: fit.rounds,
    leftOut: leftOut
      .filter((pair) => pair.every((f) => (fit.design.levels[f]?.length ?? 0) > 1))
      .map((pair) => pair.map(factorTitle).join(" x ")),
  };
});

function row(fit: EffectsFit, factor: string, over: string, under: string, at: Levels = {}): EffectRow {
  const contrast = fit.contrast({ ...at, [factor]: over }, { ...at, [factor]: under });
  const where = Object.entries(at)[0];
  return { factor, over, under, at: where === undefined ? null : where.join(" "), ...ratioOfContrast(contrast) };
}

/** What the other levels are compared with: the first one; of models the fastest, so that ratios read as "times as long". */
function reference(fit: EffectsFit, factor: string): { readonly first: string; readonly others: readonly string[] } {
  const levels = fit.design.levels[factor] ?? [];
  const log = (level: string) => fit.contrast({ [factor]: level }, { [factor]: levels[0] ?? "" }).log;
  const first = factor !== "model" ? levels[0] : [...levels].sort((a, b) => log(a) - log(b))[0];
  return { first: first ?? "", others: levels.filter((l) => l !== first) };
}

/** Each level over the one of reference; of images, where no one is first, the slowest over the fastest. */
function mainRows(fit: EffectsFit): EffectRow[] {
  return fit.design.spec.factors.flatMap((factor) => {
    const { first, others } = reference(fit, factor);
    const rows = others.map((level) => row(fit, factor, level, first));
    if (factor !== "image") return rows;
    const all = [first, ...others].map((level) => ({
      level,
      ratio: rows.find((r) => r.over === level)?.ratio ?? 1,
    }));
    all.sort((a, b) => a.ratio - b.ratio);
    return [row(fit, factor, all.at(-1)?.level ?? "", all[0]?.level ?? "")];
  });
}

function conditionalRows(fit: EffectsFit): EffectRow[] {
  return CONDITIONAL.filter(([a, b]) =>
    fit.design.spec.interactions.some((pair) => pair.includes(a) && pair.includes(b)),
  ).flatMap(([factor, where]) => {
    const { first, others } = reference(fit, factor);
    return (fit.design.levels[where] ?? []).flatMap((level) =>
      others.map((over) => row(fit, factor, over, first, { [where]: level })),
    );
  });
}

/** The effects of model, protocol, place and image, with what the model that they are from explains. */
export const effectsSection: Section = {
  id: "effects",
  title: "What latency depends on: effects as ratios",
  short: "Effects",
  blocks({ study }) {
    const effects = study === undefined ? undefined : effectsOf(study);
    if (effects === undefined) return [];
    const byImage = effects.rows.filter(atImage);
    return [
      only(["html"], forest(effects)),
      effectsTable(effects),
      ...(byImage.length === 0
        ? []
        : [fold("Image by image: how protocol and model act together with the image", imagesTable(byImage))]),
    ];
  },
  json: ({ study }) => (study === undefined ? {} : { effects: effectsOf(study) ?? null }),
};

/** A level by the name that a reader knows it by. */
const levelTitle = (factor: string, level: string) => (factor === "client" ? kindTitle(level) : level);
export const ratioTitle = (r: EffectRow) => `${levelTitle(r.factor, r.over)} over ${levelTitle(r.factor, r.under)}`;
const factorTitle = (factor: string) => FACTOR_TITLES[factor] ?? factor;

/** Where an effect holds: `model ssd-mobilenet`, `client → edge`. */
export function atTitle({ at }: EffectRow): string {
  return (at ?? "").replace(/^place |^image (?=image)/, "");
}

/** One picture a factor, each with a scale of its own: a model's factor may be a hundred times a protocol's. */
function forest(effects: Effects): Figure {
  const rows = effects.rows.filter((r) => !atImage(r));
  // A factor with one ratio says it once, and then only where.
  const alone = (factor: string) => new Set(rows.filter((r) => r.factor === factor).map(ratioTitle)).size === 1;
  const name = (r: EffectRow) => {
    if (r.at === null) return ratioTitle(r);
    return alone(r.factor) ? `… ${atTitle(r)}` : `${ratioTitle(r)}, ${atTitle(r)}`;
  };
  const number = (r: EffectRow) =>
    `${formatRatio(r.ratio)} (${known(r.interval) === null ? "interval " : ""}${formatRatioInterval(r.interval)})`;
  const factors = [...new Set(rows.map((r) => r.factor))];
  return figure({
    title: "How many times as long",
    caption:
      "Each ratio with its 95 % interval; the upright line is 1, no difference. An arrow: it reaches beyond the picture.",
    legend: [
      { label: "averaged over all else", colour: "ink" },
      { label: "at one level of another factor", colour: "ink", hollow: true },
      ...unknownKey(rows),
    ],
    alternative: rows.map((r) => `${factorTitle(r.factor)}: ${name(r)} ${number(r)}`).join("; "),
    panels: factors.map((factor) => {
      const own = rows.filter((r) => r.factor === factor);
      return {
        title: factorTitle(factor),
        picture: intervalChart({
          label: `${factorTitle(factor)}: ${own.map((r) => `${name(r)} ${number(r)}`).join("; ")}`,
          rows: own.map(name),
          numbers: new Map(own.map((r) => [name(r), formatRatio(r.ratio)])),
          names: "above",
          reference: 1,
          series: [
            { name: "all", colour: "ink", sign: "circle" },
            { name: "at", colour: "ink", sign: "circle", hollow: true },
          ],
          points: own.map((r) => ({
            ...{ row: name(r), series: r.at === null ? "all" : "at", value: r.ratio, interval: r.interval },
          })),
          oneLine: true,
          xLabel: "times as long (log scale)",
        }),
      };
    }),
  });
}

const COLUMNS = [{ title: "ratio" }, right("times"), right("95 % interval"), { title: "at" }, { title: "effect of" }];

const cellsOf = (r: EffectRow) => [
  ...[ratioTitle(r), formatRatio(r.ratio), formatRatioInterval(r.interval)],
  ...[r.at === null ? "all, averaged" : atTitle(r), factorTitle(r.factor)],
];

/** The largest first: an image where a protocol or a model does what it does nowhere else. */
function imagesTable(rows: readonly EffectRow[]): Table {
  const far = (r: EffectRow) => Math.abs(Math.log(r.ratio));
  return table({
    columns: COLUMNS,
    rows: [...rows].sort((a, b) => a.factor.localeCompare(b.factor) || far(b) - far(a)).map(cellsOf),
    notes: [
      `${rows.length} effects, each with an interval for itself: about one in twenty misses the truth, and the furthest are the likeliest.`,
    ],
  });
}

/** What the model has no terms for, and how much that is of a cell. */
function misfitText({ misfitFactor }: Effects): string {
  const size = Number.isNaN(misfitFactor)
    ? ""
    : ` What they do is in the misfit: of a cell, with noise, a factor of ${formatRatio(misfitFactor)} (one standard deviation).`;
  return `Not in the model: place and image acting together, and any three together.${size}`;
}

function effectsTable(effects: Effects): Table {
  const noise = Number.isNaN(effects.noiseFactor)
    ? "each cell was visited once, so the noise is not known and there are no intervals"
    : `noise of a visit: a factor of ${formatRatio(effects.noiseFactor)} (one standard deviation)`;
  return table({
    columns: COLUMNS,
    rows: effects.rows.filter((r) => !atImage(r)).map(cellsOf),
    notes: [
      "The row of images is the slowest over the fastest, chosen after looking: its interval does not know of the choice.",
      `The model explains ${(100 * effects.explained).toFixed(1)} % of the variation between cells (log scale); ${noise}; ${effects.observations} visits in ${effects.rounds} rounds.`,
      misfitText(effects),
      ...(effects.missing === 0
        ? []
        : [
            `${count(effects.missing, "combination")} not measured: the model stands in, and its misfit widens the intervals.`,
          ]),
      ...(Object.keys(effects.setAside).length === 0
        ? []
        : [`Set aside, visited once and out of line: ${Object.keys(effects.setAside).join(", ")}.`]),
      ...(effects.leftOut.length === 0
        ? []
        : [`Left out, because not every combination was measured: ${effects.leftOut.join(", ")}.`]),
      `${EFFECTS_RULE}.`,
    ],
  });
}
