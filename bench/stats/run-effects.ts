import { loadTitle } from "../loads/registry.ts";
import { isPlain } from "../matrix/cell.ts";
import { ratioOfContrast } from "./effects/contrast.ts";
import type { Levels } from "./effects/design.ts";
import type { EffectsFit } from "./effects/effects.ts";
import { interactionsOf } from "./levels.ts";
import type { RatioEstimate } from "./math/estimate.ts";
import { once } from "./math/memo.ts";
import { type Study, fitStudy, nullModels, outlierCells } from "./study.ts";

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
  /** What the model leaves unexplained of a cell, as a factor of one standard deviation. NaN if it has a term for each. */
  readonly misfitFactor: number;
  /** Combinations that the model predicts, because no cell was measured of them. */
  readonly missing: number;
  /** Cells that are set aside, and how many times as long each took as was to be expected. */
  readonly setAside: Readonly<Record<string, number>>;
  readonly observations: number;
  readonly rounds: number;
  /** How far a machine's noise of one round goes together with that of the next (`DRIFT_RULE`). */
  readonly lasting: number;
  /** Interactions that these cells cannot show, and pairs of factors that the model takes to have none. */
  readonly leftOut: readonly (readonly [string, string])[];
  readonly additive: readonly (readonly [string, string])[];
}

/** Factors that are taken for one where servers, client kinds and placements do not go together freely enough; the first that does is taken. */
const TOGETHER = [[], ["server_kind", "client"], ["placement", "server_kind"], ["placement", "server_kind", "client"]];

/** The effects that a run shows; the null model takes no part. Undefined if nothing varies, or effects cannot be separated. */
export const effectsOf = once((study: Study): Effects | undefined => effectsAt(study));

/**
 * The effects under each other load that several cells have: all else the same, that load included. Cells whose server fell behind, or
 * whose load has no median, are in none.
 */
export const effectsUnderLoad = once(
  (study: Study): readonly { readonly load: string; readonly effects: Effects }[] => {
    const loaded = study.manifest.cells.filter((c) => !isPlain(c)).map((c) => loadTitle(c.load));
    return [...new Set(loaded)].flatMap((load) => {
      const effects = effectsAt(study, load);
      return effects === undefined ? [] : [{ load, effects }];
    });
  },
);

function effectsAt(study: Study, load?: string): Effects | undefined {
  const nulls = nullModels(study.manifest);
  let fitted: ReturnType<typeof fitStudy>;
  for (const together of TOGETHER) fitted ??= fitStudy(study, (c) => !nulls.has(c.model), together, load);
  if (fitted === undefined) return undefined;
  const { fit, leftOut } = fitted;
  return {
    rows: [...mainRows(fit), ...conditionalRows(fit)],
    explained: fit.explained,
    noiseFactor: Math.exp(fit.noise),
    misfitFactor: Math.exp(fit.misfit),
    missing: fit.missing,
    setAside: Object.fromEntries([...outlierCells(study)].filter(([cell]) => fit.outliers.includes(cell))),
    observations: fit.observations,
    rounds: fit.rounds,
    lasting: fit.lasting,
    leftOut: leftOut.filter((pair) => pair.every((f) => (fit.design.levels[f]?.length ?? 0) > 1)),
    additive: additivePairs(fit.design.spec.factors),
  };
}

/** Pairs of factors that the model has no interaction of. */
function additivePairs(factors: readonly string[]): (readonly [string, string])[] {
  const possible = interactionsOf(factors);
  const pairs = factors.flatMap((a, i) => factors.slice(i + 1).map((b) => [a, b] as const));
  return pairs.filter(([a, b]) => !possible.some((pair) => pair.includes(a) && pair.includes(b)));
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
    const all = [{ over: first, ratio: 1 }, ...rows].sort((a, b) => a.ratio - b.ratio);
    return [row(fit, factor, all.at(-1)?.over ?? "", all[0]?.over ?? "")];
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
