import { normalCdf } from "../../bench/stats/math/special.ts";
import type { Surface } from "./surface.ts";

/** What measuring some arms would be worth. */
export interface Choice {
  /** Indices of the arms worth most, most first. */
  readonly picks: readonly number[];
  /** By how much the best of them is expected to pass the threshold, as a logarithm. */
  readonly worth: number;
}

/**
 * The arms to measure beside the leader: each is the one with the largest expected improvement (Mockus 1978), given that the ones
 * before it are measured, too. So neighbours that would say the same are not measured together.
 *
 * @param above by how much an arm must beat the leader to be of use: a gain over the rule that is too small for other settings is none
 * @param most how many
 */
export function choose(
  { mean, covariance, noise }: Surface,
  leader: number,
  above: number,
  candidates: readonly number[],
  most: number,
): Choice {
  const size = mean.length;
  const s = Float64Array.from(covariance);
  const at = (i: number, j: number) => s[i * size + j] as number;
  const versus = (i: number, j: number) => at(i, j) - at(i, leader) - at(leader, j) + at(leader, leader);
  const improvement = (i: number) =>
    expectedAbove((mean[i] as number) - (mean[leader] as number) - above, Math.sqrt(Math.max(0, versus(i, i))));
  const picks: number[] = [];
  let worth = 0;
  while (picks.length < most) {
    const left = candidates.filter((i) => i !== leader && !picks.includes(i));
    const values = left.map(improvement);
    const largest = Math.max(...values);
    const pick = left[values.indexOf(largest)];
    if (pick === undefined || !(largest > 0)) break;
    if (picks.length === 0) worth = largest;
    picks.push(pick);
    // What is not known of the differences to the leader, after this one is measured.
    const seen = Float64Array.from({ length: size }, (_, i) => at(i, pick) - at(i, leader));
    const spread = versus(pick, pick) + 2 * noise;
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) s[i * size + j] = at(i, j) - ((seen[i] as number) * (seen[j] as number)) / spread;
  }
  return { picks, worth };
}

/** The mean of a normal number's part above zero. */
function expectedAbove(mean: number, deviation: number): number {
  if (deviation < 1e-12) return Math.max(0, mean);
  const z = mean / deviation;
  return (deviation * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI) + mean * normalCdf(z);
}
