import type { Levels } from "../stats/effects/design.ts";
import type { Contrast } from "../stats/effects/contrast.ts";
import type { EffectsFit } from "../stats/effects/effects.ts";
import type { Doubt, Interval } from "../stats/math/estimate.ts";
import { normalQuantile, studentQuantile } from "../stats/math/special.ts";
import { type Study, nullModels, pixelClients } from "../stats/study.ts";
import { formatInterval } from "../format/numbers.ts";
import { when } from "../format/when.ts";

/** What data say of a conclusion. */
export type Outcome = "holds" | "does not hold" | "inconclusive";

/** A number that a conclusion is judged by, and what it is. */
export interface Effect {
  /** In words: `REST over gRPC, R-FCN`. */
  readonly label: string;
  /** Ratios count from 1, differences from 0. */
  readonly kind: "ratio" | "difference";
  readonly value: number;
  /** 95 %; null if the data give none. */
  readonly interval: Interval | null;
  /** Degrees of freedom of the interval; absent: a normal one's. */
  readonly df?: number;
  /** How many times as wide its interval is for its outcome (`DRIFT_RULE`); absent: as it is. */
  readonly caution?: number;
  /** Why it is less sure than its visits say, or has no interval. */
  readonly doubt?: Doubt;
  /** By this effect alone. */
  readonly outcome: Outcome;
}

/** The judgement of a conclusion on one body of data. */
export interface Finding {
  readonly outcome: Outcome;
  /** What it rests on: it holds where every one of them does. Empty if the data have nothing to say. */
  readonly effects: readonly Effect[];
  /** What a reader must know beside the numbers. */
  readonly remarks: readonly string[];
  /** Where the average over models and a single model say different things: which, and why; absent where they agree. */
  readonly agreement?: string;
}

/** A conclusion of the paper: how it is put to the test on a run, and on the paper's own numbers. */
export interface Conclusion {
  /** As in bench/paper/tables.json. */
  readonly id: string;
  /** What must be so for it to hold, in a sentence. */
  readonly test: string;
  judge(study: Study): Finding;
  judgePaper(): Finding;
}

/** An effect that supports its conclusion where it lies above where it counts from: its whole interval must. */
export function effectOf(label: string, kind: Effect["kind"], value: number, interval: Interval | null): Effect {
  const zero = kind === "ratio" ? 1 : 0;
  const { low, high } = interval ?? { low: -Infinity, high: Infinity };
  return {
    label,
    kind,
    value,
    interval,
    outcome: low > zero ? "holds" : high < zero ? "does not hold" : "inconclusive",
  };
}

/** An effect on a logarithm, as a ratio. */
export function logEffect(label: string, log: number, interval: Interval | null, df?: number): Effect {
  const ends = interval && { low: Math.exp(interval.low), high: Math.exp(interval.high) };
  return { ...effectOf(label, "ratio", Math.exp(log), ends), ...(df === undefined || ends === null ? {} : { df }) };
}

/** A contrast of log latency as an effect. */
export function contrastEffect(label: string, { log, interval, df, doubt, caution }: Contrast): Effect {
  const effect = logEffect(label, log, interval, df);
  if (doubt === undefined) return effect;
  const wide = interval && { low: log - caution * (log - interval.low), high: log + caution * (interval.high - log) };
  return { ...effect, outcome: logEffect(label, log, wide).outcome, doubt, caution };
}

/** How findings come about, for readers. */
export const FINDING_RULE =
  "A conclusion holds if each of its effects does at 95 % (an intersection-union test, Berger 1982, needs no correction). It does not " +
  "hold if one of them is against it, with an interval that is widened for their number (Bonferroni). So both errors are rare";

/** All must hold; one that does not is enough against it, if its interval, widened for their number, says so. */
export function findingOf(effects: readonly Effect[], remarks: readonly string[] = []): Finding {
  const against = effects.filter((e) => e.outcome === "does not hold");
  const firm = against.some((e) => isAgainst(e, effects.length));
  const outcome = firm
    ? "does not hold"
    : effects.length > 0 && effects.every((e) => e.outcome === "holds")
      ? "holds"
      : "inconclusive";
  const weak = when(
    against.length > 0 && !firm,
    `effects against it at 95 %: ${against.length} of ${effects.length}, but none if the interval is widened for their number`,
  );
  return { outcome, effects, remarks: [...remarks, ...weak] };
}

/** Whether an effect is against its conclusion as one of several that could have been. */
function isAgainst({ kind, value, interval, df, caution = 1 }: Effect, of: number): boolean {
  if (interval === null) return false;
  const tail = 0.025;
  const quantile = (p: number) => (df === undefined ? normalQuantile(1 - p) : studentQuantile(1 - p, df));
  const stretch = (caution * quantile(tail / of)) / quantile(tail);
  return kind === "ratio"
    ? Math.log(value) + stretch * Math.log(interval.high / value) < 0
    : value + stretch * (interval.high - value) < 0;
}

/** What an effect would be with the visits that are set aside, as a remark. */
export function asMeasured(label: string, fit: EffectsFit, over: Levels, under: Levels): readonly string[] {
  const [first = "", ...more] = fit.outliers;
  return when(
    fit.outliers.length > 0,
    `${label}: without ${first}${more.length === 0 ? "" : ` and ${more.length} more`}, an outlier that was visited once (see the caveats); ` +
      `with it, the effect would be ${Math.exp(fit.asMeasured(over, under)).toFixed(3)}`,
  );
}

/**
 * Whether single models say something else than their average, as a sentence. One that is sure the other way, or sure where the
 * average is not, is named; one that is merely less sure is not: it has fewer cells.
 *
 * @returns undefined if they agree
 */
export function agreementOf(
  average: Effect,
  byModel: readonly (readonly [model: string, effect: Effect])[],
): string | undefined {
  const others = byModel.filter(([, e]) => e.outcome !== "inconclusive" && e.outcome !== average.outcome);
  if (others.length === 0) return undefined;
  const named = others.map(([model, e]) => `${model} ${valueText(e)}`).join(", ");
  const directions = new Set(byModel.map(([, e]) => e.outcome).filter((o) => o !== "inconclusive"));
  const why =
    directions.size > 1
      ? "the effect depends on the model, and an average speaks for no single one"
      : "the average also has the noise of the other models";
  return `${average.label}: ${valueText(average)} averaged over models, but ${named} alone: ${why}`;
}

/** A finding with what its averages and single models disagree in. */
export function withAgreement(finding: Finding, sentences: readonly (string | undefined)[]): Finding {
  const said = sentences.filter((s) => s !== undefined);
  return said.length === 0 ? finding : { ...finding, agreement: said.join("; ") };
}

/** Nothing to judge by, and why. */
export function inconclusive(...reasons: readonly string[]): Finding {
  return findingOf([], reasons);
}

/** An effect's value with its interval where it has one: `1.31 (1.27 to 1.35)`. */
export function valueText({ value, interval }: Effect): string {
  return value.toFixed(2) + (interval === null ? "" : ` (${formatInterval(interval, (end) => end.toFixed(2))})`);
}

/** The models of a run that compute, in its order. */
export function computingModels({ manifest }: Study): string[] {
  const nulls = nullModels(manifest);
  return [...new Set(manifest.cells.map((c) => c.model))].filter((m) => !nulls.has(m));
}

/** The client kinds by which a run compares the protocols: the first of each that sends pixels. */
export function protocolClients({ manifest }: Study): readonly [grpc: string | undefined, rest: string | undefined] {
  return [pixelClients(manifest, "grpc")[0], pixelClients(manifest, "rest")[0]];
}
