import type { Interval } from "../../bench/stats/math/estimate.ts";
import { mean, quantile, variance } from "../../bench/stats/math/quantile.ts";
import { fTail } from "../../bench/stats/math/special.ts";
import { alwaysValid } from "./estimate/bound.ts";
import { contrasts } from "./estimate/contrasts.ts";
import { gainsOf } from "./gains.ts";
import type { PairedBlock } from "./types.ts";

/** An arm beats the rule only if its gain is 3 % or more: less is not worth other settings. */
export const WORTH_HAVING = Math.log(1.03);

/** The result of fresh blocks of one candidate and the rule. `at-times`: it is better in some blocks only; `out`: its server failed. */
export interface Confirmation {
  readonly candidate: string;
  readonly verdict: "better" | "as-good" | "at-times" | "out" | "open";
  /** Candidate minus rule, in logarithms. */
  readonly gain: number;
  readonly interval: Interval | null;
  readonly blocks: number;
}

/**
 * A confirmation has as many visits as the race before it, within these numbers of blocks. If something made the arm fast only during the race,
 * it may be over then.
 */
const [LEAST_BLOCKS, MOST_NEEDED] = [8, 12];

/** The noise of a visit that is assumed beforehand (a variance of logarithms), and the degrees of freedom that this is worth. */
const EXPECTED_NOISE = { noise: 0.02 ** 2, df: 4 };

/** The confirmations of a race, in order. Consecutive fresh blocks of one candidate are one confirmation. */
export function confirmations(blocks: readonly PairedBlock[], rule: string): Confirmation[] {
  const runs: { candidate: string; fresh: PairedBlock[] }[] = [];
  for (const block of blocks) {
    if (block.purpose !== "confirm") continue;
    const candidate = block.order.find((arm) => arm !== rule) as string;
    if (runs.at(-1)?.candidate !== candidate) runs.push({ candidate, fresh: [] });
    runs.at(-1)?.fresh.push(block);
  }
  return runs.map(({ candidate, fresh }) => judge(candidate, fresh, blocks, rule));
}

function judge(
  candidate: string,
  fresh: readonly PairedBlock[],
  all: readonly PairedBlock[],
  rule: string,
): Confirmation {
  const gains = gainsOf(candidate, fresh, rule);
  const gain = mean(gains);
  const df = gains.length - 1;
  const difference = { value: gain, noise: variance(gains) / 2, df, pairs: gains.length };
  const interval = alwaysValid(difference, 0.05);
  const result = (verdict: Confirmation["verdict"]) => ({ candidate, verdict, gain, interval, blocks: fresh.length });
  const below = alwaysValid(difference, 0.1);
  if (below !== null && below.high < WORTH_HAVING) return result("as-good");
  const raced = all.filter((b) => b.purpose === "race").reduce((sum, b) => sum + b.visits.length, 0);
  if (gains.length < Math.min(MOST_NEEDED, Math.max(LEAST_BLOCKS, raced / 2))) return result("open");
  if (isUnsteady(candidate, all, rule)) return result("at-times");
  return result(interval !== null && interval.low > 0 && gain >= WORTH_HAVING ? "better" : "open");
}

/**
 * Whether an arm is better than the rule in some blocks only, blocks of the race included: its gains vary more than the other arms' noise
 * explains (F test, 1 %), and in one block of ten it gains nothing.
 */
function isUnsteady(candidate: string, blocks: readonly PairedBlock[], rule: string): boolean {
  // What a restart does is told by itself.
  const gains = gainsOf(
    candidate,
    blocks.filter((b) => b.purpose !== "restart"),
    rule,
  );
  if (quantile(Float64Array.from(gains).sort(), 0.1) > 0) return false;
  const others = blocks
    .filter((b) => b.purpose === "race")
    .map((b) => ({ ...b, visits: b.visits.filter((v) => v.arm !== candidate) }));
  const { noise, df } = contrasts(others, rule);
  const known = EXPECTED_NOISE.df + df;
  const usual = (EXPECTED_NOISE.noise * EXPECTED_NOISE.df + (df > 0 ? noise * df : 0)) / known;
  return fTail(variance(gains) / (2 * usual), gains.length - 1, known) < 0.01;
}
