import type { Axis } from "../../matrix/axes.ts";
import type { Levels } from "../../stats/effects/design.ts";
import { ratioOfContrast } from "../../stats/effects/contrast.ts";
import { EFFECTS_RULE, type EffectsFit } from "../../stats/effects/effects.ts";
import { interactionsOf } from "../../stats/levels.ts";
import type { RatioEstimate } from "../../stats/math/estimate.ts";
import { once } from "../../stats/math/memo.ts";
import { type Study, fitStudy, nullModels, outlierCells } from "../../stats/study.ts";
import { type Figure, type Table, figure, fold, only, right, table } from "../blocks.ts";
import { intervalChart, unknownKey } from "../charts/intervals.ts";
import { factorTitle, levelTitle } from "./columns.ts";
import { count } from "../../../lib/words.ts";
import { formatRatio, formatRatioInterval } from "../../format/numbers.ts";
import type { Section } from "../section.ts";

/** One effect: a level over another, everywhere or at one level of another factor. */
export interface EffectRow extends RatioEstimate {
  readonly factor: string;
  /** Where it holds, a level of one other factor; null: averaged over everything else. */
  readonly at: { readonly factor: string; readonly level: string } | null;
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
  /** Combinations that the model predicts, because no cell was measured of them. */
  readonly missing: number;
  /** Cells that are set aside, and how many times as long each took as was to be expected. */
  readonly setAside: Readonly<Record<string, number>>;
  readonly observations: number;
  readonly rounds: number;
  /** Interactions that these cells cannot show, and pairs of factors that the model takes to have none. */
  readonly leftOut: readonly string[];
  readonly additive: readonly string[];
}

/** Effects at each image are many: they are in a table of their own. */
const atImage = ({ at }: EffectRow) => at?.factor === "image";

/** The effects that a run shows; the null model takes no part. Undefined where nothing varies, or effects cannot be separated. */
export const effectsOf = once((study: Study): Effects | undefined => {
  const nulls = nullModels(study.manifest);
  const fitted = fitStudy(study, (c) => !nulls.has(c.model));
  if (fitted === undefined) return undefined;
  const { fit, leftOut } = fitted;
  const titleOf = (pair: readonly string[]) => pair.map((f) => factorTitle(study.axes, f)).join(" x ");
  return {
    rows: [...mainRows(fit), ...conditionalRows(fit)],
    explained: fit.explained,
    noiseFactor: Math.exp(fit.noise),
    misfitFactor: Math.exp(fit.misfit),
    missing: fit.missing,
    setAside: Object.fromEntries([...outlierCells(study)].filter(([cell]) => fit.outliers.includes(cell))),
    observations: fit.observations,
    rounds: fit.rounds,
    leftOut: leftOut.filter((pair) => pair.every((f) => (fit.design.levels[f]?.length ?? 0) > 1)).map(titleOf),
    additive: additivePairs(fit.design.spec.factors).map(titleOf),
  };
});

/** Pairs of factors that the model has no interaction of. */
function additivePairs(factors: readonly string[]): (readonly [string, string])[] {
  const possible = interactionsOf(factors);
  return factors.flatMap((a, i) =>
    factors
      .slice(i + 1)
      .filter((b) => !possible.some((pair) => pair.includes(a) && pair.includes(b)))
      .map((b) => [a, b] as const),
  );
}

function row(fit: EffectsFit, factor: string, over: string, under: string, at: Levels = {}): EffectRow {
  const contrast = fit.contrast({ ...at, [factor]: over }, { ...at, [factor]: under });
  const [where] = Object.entries(at).map(([other, level]) => ({ factor: other, level }));
  return { factor, over, under, at: where ?? null, ...ratioOfContrast(contrast) };
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

/** Of each interaction the effect of its first factor at each level of the second. */
function conditionalRows(fit: EffectsFit): EffectRow[] {
  return fit.design.spec.interactions.flatMap(([factor, where]) => {
    const { first, others } = reference(fit, factor);
    return (fit.design.levels[where] ?? []).flatMap((level) =>
      others.map((over) => row(fit, factor, over, first, { [where]: level })),
    );
  });
}

/** The effects of every factor, with what the model that they are from explains. */
export const effectsSection: Section = {
  id: "effects",
  title: "What latency depends on: effects as ratios",
  short: "Effects",
  blocks({ study, axes }) {
    const effects = study === undefined ? undefined : effectsOf(study);
    if (effects === undefined) return [];
    const byImage = effects.rows.filter(atImage);
    return [
      only(["html"], forest(effects, axes)),
      effectsTable(effects, axes),
      ...(byImage.length === 0
        ? []
        : [
            fold(
              "Image by image: how the effects of protocol and model depend on the image",
              imagesTable(byImage, axes),
            ),
          ]),
    ];
  },
  json: ({ study }) => (study === undefined ? {} : { effects: effectsOf(study) ?? null }),
};

/** Which level over which. */
export function ratioTitle(r: EffectRow, axes: readonly Axis[]): string {
  return `${levelTitle(axes, r.factor, r.over)} over ${levelTitle(axes, r.factor, r.under)}`;
}

/** Where an effect holds: `model ssd-mobilenet`, `client → edge`. */
export function atTitle({ at }: EffectRow, axes: readonly Axis[]): string {
  if (at === null) return "all, averaged";
  const title = levelTitle(axes, at.factor, at.level);
  // A placement, and an image by its usual name, say themselves what they are.
  return at.factor === "placement" || title.startsWith(at.factor) ? title : `${at.factor} ${title}`;
}

/** One picture a factor, each with a scale of its own: a model's factor may be a hundred times a protocol's. */
function forest(effects: Effects, axes: readonly Axis[]): Figure {
  const rows = effects.rows.filter((r) => !atImage(r));
  // A factor with one ratio says it once, and then only where.
  const alone = (factor: string) =>
    new Set(rows.filter((r) => r.factor === factor).map((r) => ratioTitle(r, axes))).size === 1;
  const name = (r: EffectRow) => {
    if (r.at === null) return ratioTitle(r, axes);
    return alone(r.factor) ? `… ${atTitle(r, axes)}` : `${ratioTitle(r, axes)}, ${atTitle(r, axes)}`;
  };
  const number = (r: EffectRow) => `${formatRatio(r.ratio)} (${formatRatioInterval(r.interval)})`;
  const factors = [...new Set(rows.map((r) => r.factor))];
  return figure({
    title: "How many times as long",
    caption:
      "Each ratio with its 95 % interval; the upright line is 1, no difference. An arrow: it goes on beyond the picture.",
    legend: [
      { label: "averaged over all else", colour: "ink" },
      { label: "at one level of another factor", colour: "ink", hollow: true },
      ...unknownKey(rows),
    ],
    alternative: rows.map((r) => `${factorTitle(axes, r.factor)}: ${name(r)} ${number(r)}`).join("; "),
    panels: factors.map((factor) => {
      const own = rows.filter((r) => r.factor === factor);
      return {
        title: factorTitle(axes, factor),
        picture: intervalChart({
          label: `${factorTitle(axes, factor)}: ${own.map((r) => `${name(r)} ${number(r)}`).join("; ")}`,
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

const cellsOf = (axes: readonly Axis[]) => (r: EffectRow) => [
  ...[ratioTitle(r, axes), formatRatio(r.ratio), formatRatioInterval(r.interval)],
  ...[atTitle(r, axes), factorTitle(axes, r.factor)],
];

/** The largest first: an image where a protocol or a model does what it does nowhere else. */
function imagesTable(rows: readonly EffectRow[], axes: readonly Axis[]): Table {
  const far = (r: EffectRow) => Math.abs(Math.log(r.ratio));
  return table({
    columns: COLUMNS,
    rows: [...rows].sort((a, b) => a.factor.localeCompare(b.factor) || far(b) - far(a)).map(cellsOf(axes)),
    notes: [
      `${rows.length} effects, each with an interval of its own: about one in twenty misses the truth, most likely one of the largest.`,
    ],
  });
}

/** What the model has no terms for, and how much that is of a cell. */
function misfitText({ misfitFactor, additive }: Effects): string {
  const size = Number.isNaN(misfitFactor)
    ? ""
    : ` Their effect is in the misfit: of a cell, with noise, a factor of ${formatRatio(misfitFactor)} (one standard deviation).`;
  return `Not in the model: ${[...additive, "interactions of three factors"].join(", ")}.${size}`;
}

function effectsTable(effects: Effects, axes: readonly Axis[]): Table {
  const noise = Number.isNaN(effects.noiseFactor)
    ? "each cell was visited once, so the noise is not known and there are no intervals"
    : `noise of a visit: a factor of ${formatRatio(effects.noiseFactor)} (one standard deviation)`;
  return table({
    columns: COLUMNS,
    rows: effects.rows.filter((r) => !atImage(r)).map(cellsOf(axes)),
    notes: [
      "The row of images is the slowest over the fastest, chosen by these numbers: its interval does not know of the choice.",
      `The model explains ${(100 * effects.explained).toFixed(1)} % of the variation between cells (log scale); ${noise}; ${effects.observations} visits in ${effects.rounds} rounds.`,
      misfitText(effects),
      ...(effects.missing === 0
        ? []
        : [
            `${count(effects.missing, "combination")} not measured: the model predicts what is missing, and its misfit widens the intervals.`,
          ]),
      ...(Object.keys(effects.setAside).length === 0
        ? []
        : [`Set aside as outliers, each visited once: ${Object.keys(effects.setAside).join(", ")}.`]),
      ...(effects.leftOut.length === 0
        ? []
        : [`Interactions left out, because not every combination was measured: ${effects.leftOut.join(", ")}.`]),
      `${EFFECTS_RULE}.`,
    ],
  });
}
