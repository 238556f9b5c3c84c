import { quantile, variance } from "../../bench/stats/math/quantile.ts";
import { mean } from "../../bench/stats/math/quantile.ts";
import { fTail } from "../../bench/stats/math/special.ts";
import type { Interval } from "../../bench/stats/math/estimate.ts";
import { alwaysValid } from "./bound.ts";
import type { PairedBlock } from "./types.ts";

/** Gains below 3 % are not worth other settings: nothing that is surely below it beats the rule. */
export const WORTH_HAVING = Math.log(1.03);

/** What fresh blocks of one candidate and the rule say. `at-times`: it is better in some blocks, and not in others. */
export interface Confirmation {
  readonly candidate: string;
  readonly verdict: "better" | "as-good" | "at-times" | "killed" | "open";
  /** Candidate minus rule, in logarithms. */
  readonly gain: number;
  readonly interval: Interval | null;
  readonly blocks: number;
}

/** Fewer blocks show hardly anything of whether an arm is good only at times. */
const LEAST_BLOCKS = 5;
const BLOCKS_FOR_UNSTEADY = 8;

/** The confirmations of a race, in order: neighbouring blocks of one candidate are one. */
export function confirmations(blocks: readonly PairedBlock[], rule: string, raceNoise: Noise): Confirmation[] {
  const runs: { candidate: string; blocks: PairedBlock[] }[] = [];
  for (const block of blocks) {
    if (block.purpose !== "confirm") continue;
    const candidate = block.order.find((arm) => arm !== rule) as string;
    if (runs.at(-1)?.candidate !== candidate) runs.push({ candidate, blocks: [] });
    runs.at(-1)?.blocks.push(block);
  }
  return runs.map((run) => judge(run.candidate, run.blocks, rule, raceNoise));
}

/** The variance of one visit's noise in the race, and its degrees of freedom. */
export interface Noise {
  readonly noise: number;
  readonly df: number;
}

function judge(candidate: string, blocks: readonly PairedBlock[], rule: string, race: Noise): Confirmation {
  const visitsOf = (arm: string) => blocks.map(({ visits }) => visits.find((v) => v.arm === arm));
  const own = visitsOf(candidate);
  const of = visitsOf(rule);
  const gains = own.flatMap((v, i) => {
    const other = of[i];
    return v?.score == null || other?.score == null ? [] : [v.score - other.score];
  });
  const gain = mean(gains);
  const spread = variance(gains);
  const df = gains.length - 1;
  const interval = alwaysValid({ value: gain, noise: spread / 2, df, pairs: gains.length }, 0.05);
  const lowerQuarter = quantile(Float64Array.from(gains).sort(), 0.25);
  const result = (verdict: Confirmation["verdict"]) => ({ candidate, verdict, gain, interval, blocks: blocks.length });
  if (own.some((v) => v?.killed !== undefined)) return result("killed");
  const unsteady =
    gains.length >= BLOCKS_FOR_UNSTEADY && lowerQuarter <= 0 && fTail(spread / (2 * race.noise), df, race.df) < 0.01;
  if (interval !== null && interval.high < WORTH_HAVING) return result("as-good");
  if (unsteady) return result("at-times");
  if (gains.length < LEAST_BLOCKS || interval === null || interval.low <= 0 || gain < WORTH_HAVING) return result("open");
  return result(lowerQuarter > 0 ? "better" : "at-times");
}
