import { type Interval, ofLog } from "../../bench/stats/math/estimate.ts";
import { mean, variance } from "../../bench/stats/math/quantile.ts";
import { fTail } from "../../bench/stats/math/special.ts";
import type { Difference } from "./estimate/bound.ts";
import type { Gain, PairedBlock } from "./types.ts";

/** A difference of scores as a ratio. */
export const gainOf = (log: number, interval: Interval | null): Gain => ({
  ratio: ofLog(log),
  interval: interval && { low: ofLog(interval.low), high: ofLog(interval.high) },
});

/** The gains of an arm over the rule, one for each block in which both have a score. */
export function gainsOf(arm: string, blocks: readonly PairedBlock[], rule: string): number[] {
  return blocks.flatMap(({ visits }) => {
    const [own, other] = [arm, rule].map((id) => visits.find((v) => v.arm === id)?.score ?? null);
    return own == null || other == null ? [] : [own - other];
  });
}

/** Blocks that have both of two arms, before their difference has an interval: two tell next to nothing of how it varies. */
export const LEAST_PAIRS = 3;

/** What the blocks say that have both of two arms; null: they are too few. */
export function paired(gains: readonly number[]): Difference | null {
  const pairs = gains.length;
  return pairs < LEAST_PAIRS ? null : { value: mean(gains), noise: variance(gains) / 2, df: pairs - 1, pairs };
}

/** A difference with the noise of its own pairs, where these vary more than the noise of all arms explains (F test, 1 %). */
export function noisier(difference: Difference, { noise, df }: Difference): Difference {
  return fTail(noise / difference.noise, df, difference.df) < 0.01 ? { ...difference, noise, df } : difference;
}
