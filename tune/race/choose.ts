import { normalCdf } from "../../bench/stats/math/special.ts";
import type { Surface } from "./estimate/surface.ts";

/** The arms that are worth measuring. */
export interface Choice {
  /** Their indices, the most promising first. */
  readonly picks: readonly number[];
  /** How much the first is expected to pass the threshold by, as a logarithm. */
  readonly worth: number;
}

/**
 * Chooses the arms to measure beside the leader. Each has the largest expected improvement (Mockus 1978), given that the arms chosen before
 * are measured, too. So neighbours that would show the same are not measured together.
 *
 * @param above an arm must beat the leader by this to be of use, because a small gain over the rule is not worth other settings
 * @param most how many arms are chosen at most
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
    // The covariance of the differences to the leader, after this arm is measured.
    const seen = Float64Array.from({ length: size }, (_, i) => at(i, pick) - at(i, leader));
    const spread = versus(pick, pick) + 2 * noise;
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) s[i * size + j] = at(i, j) - ((seen[i] as number) * (seen[j] as number)) / spread;
  }
  return { picks, worth };
}

/** The mean of max(0, x) for a normal number x. */
function expectedAbove(mean: number, deviation: number): number {
  if (deviation < 1e-12) return Math.max(0, mean);
  const z = mean / deviation;
  return (deviation * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI) + mean * normalCdf(z);
}
