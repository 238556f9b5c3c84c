import { type Column, formatTable } from "../../lib/table.ts";
import type { Levels } from "../stats/design.ts";
import { EFFECTS_RULE, type EffectsFit, ratioOfContrast } from "../stats/effects.ts";
import type { RatioEstimate } from "../stats/estimate.ts";
import { once } from "../stats/memo.ts";
import { type Study, fitStudy, nullModels } from "../stats/study.ts";
import { formatRatio, formatRatioInterval } from "./format.ts";

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
] as const;

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
    observations: fit.observations,
    rounds: fit.rounds,
    leftOut: leftOut
      .filter((pair) => pair.every((f) => (fit.design.levels[f]?.length ?? 0) > 1))
      .map((pair) => pair.join(" x ")),
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

/** The effects as text. */
export function effectsSection({ study }: { readonly study?: Study }): string {
  const effects = study === undefined ? undefined : effectsOf(study);
  if (effects === undefined) return "";
  const columns: Column[] = [
    { title: "effect of" },
    { title: "ratio" },
    { title: "at" },
    { title: "times", align: "right" },
    { title: "95 % interval", align: "right" },
  ];
  const rows = effects.rows.map((r) => [
    r.factor,
    `${r.over} over ${r.under}`,
    r.at ?? "all, averaged",
    formatRatio(r.ratio),
    formatRatioInterval(r.interval),
  ]);
  const noise = Number.isNaN(effects.noiseFactor)
    ? "each cell was visited once, so the noise is not known and there are no intervals"
    : `noise of a visit: a factor of ${formatRatio(effects.noiseFactor)} (one standard deviation)`;
  return [
    "What latency depends on: effects as ratios (the image row: slowest over fastest, found in these data)",
    formatTable(columns, rows),
    `  The model explains ${(100 * effects.explained).toFixed(1)} % of the variation between cells (log scale); ${noise}; ${effects.observations} visits in ${effects.rounds} rounds.`,
    ...(effects.leftOut.length === 0
      ? []
      : [`  Left out, because not every combination was measured: ${effects.leftOut.join(", ")}.`]),
    `  ${EFFECTS_RULE}.`,
  ].join("\n");
}
