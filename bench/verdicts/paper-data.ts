import { COMBINATIONS, EXPERIMENTS, ROLES, publishedMs } from "../paper/published.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { type Effect, logEffect, valueText } from "./verdict.ts";

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
    COMBINATIONS.flatMap((combination) => {
      const ms = publishedMs(experiment, role, combination);
      const { paperModel: model, protocol } = combination;
      return ms === undefined ? [] : [{ experiment: experiment.id, role, model, protocol, ms }];
    }),
  ),
);

/** The number that reads like a copying slip (see the note in tables.json): tests are made with and without it. */
export function isSlip(p: Published): boolean {
  return p.experiment === "remoteImage2" && p.role === "cloud" && p.model === "ssd" && p.protocol === "rest";
}

/** Said wherever the paper's numbers are judged. */
export const PAPER_BASIS =
  "the paper gives means without spread, so its intervals are Student's t over pairs of its setups; each pair is one observation";

/**
 * The effect that pairs of published numbers show: those that `of` picks, each over the one that differs in `under` alone, as far
 * as both are there. Their geometric mean, with the spread between pairs as its error.
 *
 * @param withSlip false: without the number that `isSlip` is about
 */
export function pairsEffect(
  label: string,
  of: (p: Published) => boolean,
  under: Partial<Published>,
  withSlip: boolean,
): Effect {
  const all = PUBLISHED.filter((p) => withSlip || !isSlip(p));
  const logs = all.filter(of).flatMap((p) => {
    const wanted = Object.entries({ ...p, ...under });
    const other = all.find((o) => wanted.every(([key, v]) => key === "ms" || o[key as keyof Published] === v));
    return other === undefined ? [] : [Math.log(p.ms / other.ms)];
  });
  const e = estimateOf(logs);
  const above = logs.filter((l) => l > 0).length;
  return logEffect(`${label} (above 1 in ${above} of ${logs.length} pairs)`, e.value, intervalOf(e), e.df);
}

/** An effect without the number that reads like a slip, as a remark. */
export function withoutSlip(effect: Effect): string {
  return `without cloud SSD REST of Table 2, which looks like a copying error: ${effect.label}: ${valueText(effect)}, ${effect.outcome}`;
}
