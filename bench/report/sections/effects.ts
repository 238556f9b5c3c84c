import type { Axis } from "../../matrix/axes.ts";
import { type EffectRow, type Effects, effectsOf, effectsUnderLoad } from "../../stats/run-effects.ts";
import { type Block, type Figure, type Table, figure, fold, only, rights, table } from "../blocks.ts";
import { FILLED_OR_HOLLOW, intervalChart, unknownKey } from "../charts/intervals.ts";
import { DOUBT_WORDS } from "../../stats/effects/persistence.ts";
import { factorTitle, levelTitle } from "./columns.ts";
import { count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { formatRatio, formatRatioInterval } from "../../format/numbers.ts";
import type { Section } from "../section.ts";

/** Effects at each image are many: they are in a table of their own. */
const atImage = ({ at }: EffectRow) => at?.factor === "image";

/** The effects of every factor, with what the model that they are from explains. */
export const effectsSection: Section = {
  id: "effects",
  title: "What latency depends on",
  short: "Effects",
  blocks({ study, axes }) {
    const effects = study === undefined ? undefined : effectsOf(study);
    const loaded =
      study === undefined ? [] : effectsUnderLoad(study).map((own) => underLoad(own.load, own.effects, axes));
    if (effects === undefined) return loaded;
    const byImage = effects.rows.filter(atImage);
    return [
      only(
        ["html"],
        forest(
          "How many times as long, all else averaged",
          effects.rows.filter((r) => r.at === null),
          axes,
        ),
        fold(
          "At each level of another factor",
          forest(
            "How many times as long",
            effects.rows.filter((r) => !atImage(r)),
            axes,
          ),
        ),
      ),
      fold("The effects as a table", effectsTable(effects, axes)),
      ...when(byImage.length > 0, fold("The effects of protocol and model at each image", imagesTable(byImage, axes))),
      ...loaded,
    ];
  },
  json: ({ study }) =>
    study === undefined ? {} : { effects: effectsOf(study) ?? null, effectsUnderLoad: effectsUnderLoad(study) },
};

/** The effects under one load. */
function underLoad(load: string, effects: Effects, axes: readonly Axis[]): Block {
  return fold(
    `Under the load ${load}: how many times as long`,
    table({
      ...rowsOf(
        effects.rows.filter((r) => r.at === null),
        axes,
      ),
      notes: [
        `Cells under this load alone, compared with each other: ${effects.observations} visits. A queue is longer where a server is slower, so an effect under load is larger than that ` +
          "of one call at a time; it says what a caller sees at this load.",
      ],
      method: "effects",
    }),
  );
}

/** Which level over which. */
export function ratioTitle(r: EffectRow, axes: readonly Axis[]): string {
  return `${levelTitle(axes, r.factor, r.over)} over ${levelTitle(axes, r.factor, r.under)}`;
}

/** Where an effect holds: `model ssd-mobilenet`, `client → edge`. */
export function atTitle({ at }: EffectRow, axes: readonly Axis[]): string {
  if (at === null) return "all, averaged";
  const title = levelTitle(axes, at.factor, at.level);
  // A placement, and an image of the usual name, need no word before them.
  return at.factor === "placement" || title.startsWith(at.factor) ? title : `${at.factor} ${title}`;
}

/** One picture a factor, each with a scale of its own: a model's factor may be a hundred times a protocol's. */
function forest(title: string, rows: readonly EffectRow[], axes: readonly Axis[]): Figure {
  // A factor with one ratio says it once, and then only where.
  const alone = (factor: string) =>
    new Set(rows.filter((r) => r.factor === factor).map((r) => ratioTitle(r, axes))).size === 1;
  const plain = (r: EffectRow) => {
    if (r.at === null) return ratioTitle(r, axes);
    return alone(r.factor) ? `… ${atTitle(r, axes)}` : `${ratioTitle(r, axes)}, ${atTitle(r, axes)}`;
  };
  const name = (r: EffectRow) => `${plain(r)}${r.doubt === undefined ? "" : ` (${DOUBT_WORDS[r.doubt]})`}`;
  const number = (r: EffectRow) => `${formatRatio(r.ratio)} (${formatRatioInterval(r.interval)})`;
  const factors = [...new Set(rows.map((r) => r.factor))];
  return figure({
    title,
    caption:
      "Each ratio with its 95 % interval. The upright line is 1: no difference. An arrow: the interval goes on beyond the picture. Each factor has its own scale.",
    legend: [
      { label: "averaged over all else", colour: "ink" },
      ...when(
        rows.some((r) => r.at !== null),
        { label: "at one level of another factor", colour: "ink", hollow: true } as const,
      ),
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
          series: FILLED_OR_HOLLOW,
          points: own.map((r) => ({
            ...{ row: name(r), series: r.at === null ? "filled" : "hollow", value: r.ratio, interval: r.interval },
          })),
          oneLine: true,
          xLabel: "times as long (log scale)",
        }),
      };
    }),
  });
}

const COLUMNS = ["ratio", ...rights("times", "95 % interval"), "at", "effect of"];

const cellsOf = (axes: readonly Axis[]) => (r: EffectRow) => [
  ...[ratioTitle(r, axes), formatRatio(r.ratio), formatRatioInterval(r.interval)],
  ...[atTitle(r, axes), factorTitle(axes, r.factor)],
];

/** The rows, with a column for what few rounds cannot tell, where that is something. */
function rowsOf(rows: readonly EffectRow[], axes: readonly Axis[]) {
  const short = rows.some((r) => r.doubt !== undefined);
  const doubt = (r: EffectRow) => (r.doubt === undefined ? "" : DOUBT_WORDS[r.doubt]);
  return {
    columns: [...COLUMNS, ...when(short, "in doubt")],
    rows: rows.map((r) => [...cellsOf(axes)(r), ...when(short, doubt(r))]),
  };
}

/** The largest first: an image where a protocol or a model does what it does nowhere else. */
function imagesTable(rows: readonly EffectRow[], axes: readonly Axis[]): Table {
  const far = (r: EffectRow) => Math.abs(Math.log(r.ratio));
  return table({
    ...rowsOf(
      [...rows].sort((a, b) => a.factor.localeCompare(b.factor) || far(b) - far(a)),
      axes,
    ),
    notes: [
      `About one in twenty of these ${rows.length} intervals misses the truth, most likely one of the largest effects.`,
    ],
  });
}

const pairs = (all: readonly (readonly [string, string])[], axes: readonly Axis[]) =>
  all.map((pair) => pair.map((f) => factorTitle(axes, f)).join(" x "));

/** What the model has no terms for, and how much that is of a cell. */
function misfitText({ misfitFactor, additive }: Effects, axes: readonly Axis[]): string {
  const size = Number.isNaN(misfitFactor)
    ? ""
    : ` The model misses a cell's latency by a factor of ${formatRatio(misfitFactor)} (one standard deviation).`;
  return `Not in the model: interactions of ${[...pairs(additive, axes), "any three factors"].join(", ")}.${size}`;
}

function effectsTable(effects: Effects, axes: readonly Axis[]): Table {
  const noise = Number.isNaN(effects.noiseFactor)
    ? "each cell was visited once, so the noise is not known and there are no intervals"
    : `noise of a visit: a factor of ${formatRatio(effects.noiseFactor)} (one standard deviation)`;
  const setAside = Object.keys(effects.setAside);
  return table({
    ...rowsOf(
      effects.rows.filter((r) => !atImage(r)),
      axes,
    ),
    notes: [
      "The row of images compares the slowest image with the fastest. They were chosen by these same numbers, and the interval does not allow for that.",
      `The model explains ${(100 * effects.explained).toFixed(1)} % of the variation between cells (log scale); ${noise}; ${effects.observations} visits in ${effects.rounds} rounds.`,
      misfitText(effects, axes),
      ...when(
        effects.missing > 0,
        `${count(effects.missing, "combination")} not measured: the model predicts them, and the intervals are wider for it.`,
      ),
      ...when(setAside.length > 0, `Left out as outliers, each with a single visit: ${setAside.join(", ")}.`),
      ...when(
        effects.leftOut.length > 0,
        `Interactions left out, because not every combination was measured: ${pairs(effects.leftOut, axes).join(", ")}.`,
      ),
    ],
    method: "effects",
  });
}
