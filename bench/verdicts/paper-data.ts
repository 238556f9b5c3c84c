import { EXPERIMENTS, ROLES, publishedMs } from "../paper/published.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { type Effect, logEffect } from "./verdict.ts";

/** One published mean, and what it is of. */
export interface Published {
  readonly experiment: "local" | "remoteImage2" | "remoteImage7";
  readonly role: string;
  readonly model: "rfcn" | "ssd";
  readonly protocol: "grpc" | "rest";
  readonly ms: number;
}

/** Every number of the paper's three tables. */
export const PUBLISHED: readonly Published[] = EXPERIMENTS.flatMap((experiment) =>
  ROLES.flatMap((role) =>
    (["rfcn", "ssd"] as const).flatMap((model) =>
      (["grpc", "rest"] as const).flatMap((protocol) => {
        const ms = publishedMs(experiment, role, { key: `${model}-${protocol}` } as Parameters<typeof publishedMs>[2]);
        return ms === undefined ? [] : [{ experiment: experiment.id, role, model, protocol, ms }];
      }),
    ),
  ),
);

/** The number that reads like a copying slip (see the note in tables.json): tests are made with and without it. */
export function isSlip(p: Published): boolean {
  return p.experiment === "remoteImage2" && p.role === "cloud" && p.model === "ssd" && p.protocol === "rest";
}

/** Said wherever the paper's numbers are judged. */
export const PAPER_BASIS =
  "the paper gives means without spread: its intervals are Student's t over its pairs of setups, each pair one observation";

/** Logarithms of ratios between published numbers that differ in one thing, as far as both are there. */
export function publishedLogRatios(
  pick: (p: Published) => boolean,
  partner: (p: Published) => Partial<Published>,
  withSlip = true,
): number[] {
  const all = withSlip ? PUBLISHED : PUBLISHED.filter((p) => !isSlip(p));
  return all.filter(pick).flatMap((p) => {
    const wanted = { ...p, ...partner(p) };
    const other = all.find(
      (o) =>
        o.experiment === wanted.experiment &&
        o.role === wanted.role &&
        o.model === wanted.model &&
        o.protocol === wanted.protocol,
    );
    return other === undefined ? [] : [Math.log(p.ms / other.ms)];
  });
}

/** The effect that pairs of published numbers show: their geometric mean, with the spread between pairs as its error. */
export function pairsEffect(label: string, logs: readonly number[]): Effect {
  const e = estimateOf(logs);
  const above = logs.filter((l) => l > 0).length;
  return logEffect(`${label} (above 1 in ${above} of ${logs.length} pairs)`, e.value, intervalOf(e), e.df);
}

/** What becomes of an effect without the number that reads like a slip, as a remark. */
export function withoutSlip(effect: Effect): string {
  const interval =
    effect.interval === null ? "" : ` (${effect.interval.low.toFixed(2)} to ${effect.interval.high.toFixed(2)})`;
  return `without cloud SSD REST of Table 2, which reads like a copying slip: ${effect.label}: ${effect.value.toFixed(2)}${interval}, ${effect.outcome}`;
}
