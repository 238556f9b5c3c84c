import { and, count } from "../../lib/words.ts";
import { formatShare } from "../format/numbers.ts";
import { when } from "../format/when.ts";
import type { Comparison } from "./compare.ts";
import { FAILURE_RULE } from "./failures.ts";
import { type Change, band } from "./judge.ts";
import { NOISE_RULE } from "./noise.ts";
import { OTHER_INPUT } from "./provenance.ts";
import { ASSUMED_RESTART, type Restart } from "./repeats.ts";
import { TAIL_RULE } from "./tail.ts";

/** The exit code of a comparison, and why. */
export interface Verdict {
  /** 0: nothing got worse, as far as was asked. 1: something did. 3: that is not known. */
  readonly exitCode: 0 | 1 | 3;
  /** Empty for 0. */
  readonly reasons: readonly string[];
}

/** The rules behind a comparison, for readers of its tables: a paragraph each. */
export function rules({ threshold, ...runs }: Pick<Comparison, "threshold" | "between" | "restarted" | "a">): string[] {
  const [low, high] = band(threshold);
  return [
    `Slower, faster: the interval of B over A lies wholly above ${high.toFixed(3)} or below ${low.toFixed(3)}. The whole is judged by its ` +
      "95 % interval. Groups' medians and p90s are judged together, and so are single cells (Holm's procedure, 2.5 % each), by the " +
      "interval for all at once. So if nothing got slower, at most 5 % of comparisons end with 1. Seems slower, seems faster: only " +
      "the figure's own 95 % interval lies there. Same: the 95 % interval lies wholly between the two numbers. Otherwise: inconclusive.",
    `${NOISE_RULE}.`,
    ...betweenText(runs),
    `${TAIL_RULE}.`,
    `${FAILURE_RULE}.`,
    "Exit code 1: the whole, a group or a cell is slower, a cell that A measured failed in B, or failures rose. Exit code 3: not known, " +
      "because a group only seems slower, failures only seem to have risen, the whole or a group of a model that computes is " +
      "inconclusive, or B lacks cells of A. Exit code 0: none of these. --strict: 1 in place of 3.",
  ];
}

/** What differs from run to run anyway, as far as it is known, for readers. */
function betweenText({ between, restarted, a }: Pick<Comparison, "between" | "restarted" | "a">): string[] {
  const differ = (of: Restart, when: string) =>
    `Runs that repeat A or B${when} differ by ${formatShare(Math.expm1(Math.sqrt(2 * of.variance)))} of a machine's level (one standard ` +
    "deviation), beyond the noise within them. Intervals include that.";
  const { same, restarted: anew } = between;
  return [
    ...when(
      restarted.length > 0,
      `${and(restarted)} ${restarted.length === 1 ? "was" : "were"} restarted between A and B, as far as is known. ` +
        (anew !== null
          ? differ(anew, " after a restart")
          : "No runs that repeat A or B after a restart show what that changes, so intervals allow for " +
            `${formatShare(Math.expm1(Math.sqrt(ASSUMED_RESTART.variance)))} of a machine's level in each run (one standard deviation): a ` +
            "smaller change cannot be told from a restart. To show it, restart the servers some times, and measure after each restart: " +
            `npx lathe bench --repeat-of ${a}`),
    ),
    same === null
      ? "One run cannot show what differs from run to run though nothing was restarted (another temperature): a change of some " +
        "per cent may come from that. Runs made with `lathe bench --repeat 3` show it, and intervals then include it."
      : differ(same, ""),
  ];
}

/** Whether a restart lies between two runs, and nothing shows what it changes. */
export const restartUnknown = ({ between, restarted }: Pick<Comparison, "between" | "restarted">): boolean =>
  restarted.length > 0 && between.restarted === null;

/** The groups by which runs are judged: those of models that compute; of the null model, if there is no other. */
export function deciding(groups: Comparison["groups"]): Comparison["groups"] {
  const computing = groups.filter((g) => !g.isNull);
  return computing.length > 0 ? computing : groups;
}

/**
 * Whether B got worse than A.
 *
 * @param strict 1 in place of 3
 */
export function verdictOf(c: Comparison, strict = false): Verdict {
  const worse = worseReasons(c);
  if (worse.length > 0) return { exitCode: 1, reasons: worse };
  const unknown = unknownReasons(c);
  return { exitCode: unknown.length === 0 ? 0 : strict ? 1 : 3, reasons: unknown };
}

function worseReasons(c: Comparison): string[] {
  const slower = groupsWith(c, "slower");
  return [
    ...when(c.overall?.change === "slower", "B is slower as a whole"),
    ...when(slower.median > 0, `${count(slower.median, "group")} slower`),
    ...when(slower.p90 > 0, `the p90 of ${count(slower.p90, "group")} slower`),
    ...when(slower.cells > 0, `${count(slower.cells, "cell")} slower`),
    ...when(c.newFailures.length > 0, `${count(c.newFailures.length, "cell")} of A failed in B`),
    ...when(
      c.failures.some((f) => f.change === "rose"),
      "failures rose",
    ),
  ];
}

function unknownReasons(c: Comparison): string[] {
  if (c.notComparable !== null) return ["the runs are not comparable"];
  if (c.cells.length === 0) return [whyNoCell(c)];
  const seem = groupsWith(c, "seems slower");
  const open = deciding(c.groups).filter((g) => g.change === "inconclusive").length;
  const unsure = [
    ...when(seem.median > 0, `${count(seem.median, "group")} ${seem.median === 1 ? "seems" : "seem"} slower`),
    ...when(seem.p90 > 0, `the p90 of ${count(seem.p90, "group")} seems slower`),
    ...when(
      c.failures.some((f) => f.change === "seems"),
      "failures seem to have risen",
    ),
    ...when(c.overall?.change === "inconclusive", "the whole is inconclusive"),
    ...when(open > 0, `${count(open, "group")} inconclusive`),
  ];
  return [
    ...when(
      restartUnknown(c) && unsure.length > 0,
      "a change cannot be told from a restart of the servers, which no repeats show",
    ),
    ...unsure,
    ...leftOut(c),
  ];
}

/** Which cells of A are not compared, and why. */
export function leftOut({ onlyA, otherInput }: Comparison): string[] {
  return [
    ...when(onlyA.length > 0, `B lacks ${count(onlyA.length, "cell")}`),
    ...when(otherInput.length > 0, `${count(otherInput.length, "cell")} had ${OTHER_INPUT}`),
  ];
}

/** Why no cell is compared. */
export function whyNoCell({ otherInput }: Comparison): string {
  return otherInput.length === 0
    ? "the runs have no measured cell in common"
    : `every cell that both runs measured has ${OTHER_INPUT}`;
}

function groupsWith(c: Comparison, change: Change): Readonly<Record<"median" | "p90" | "cells", number>> {
  return {
    cells: c.cells.filter((x) => x.change === change).length,
    median: c.groups.filter((g) => g.change === change).length,
    p90: c.groups.filter((g) => g.p90?.change === change).length,
  };
}
