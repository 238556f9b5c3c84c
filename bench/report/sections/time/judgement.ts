import { count } from "../../../../lib/words.ts";
import { formatInterval, formatMs } from "../../../format/numbers.ts";
import { type Judged, SMALL_SHARE, levelOf } from "../../../stats/attribution/sums.ts";
import type { Estimate } from "../../../stats/math/estimate.ts";
import type { TableCell } from "../../blocks.ts";

/*
 * What is left over of a whole, and how it is judged, for readers: of the attribution, and of the servers' own clocks.
 */

/** How a left-over is judged, for readers. */
export function judgedRule(findings: number, whole: string): string {
  const level = Number((100 * levelOf(findings)).toFixed(2));
  return (
    `Yes: the interval of what is left over lies within ${100 * SMALL_SHARE} % of ${whole}. NO: it does not, and zero is not in it. Inconclusive: ` +
    `neither. The interval is the one shown: it holds for all ${count(findings, "finding")} at once at 95 % (Bonferroni: ${level} % ` +
    "each), with the noise of all visits alike, whatever the image."
  );
}

/** The interval that was judged, as a share of the whole: `-2.1 to 3.4`. */
export function judgedInterval({ interval }: Judged, wholeMs: number): string {
  return formatInterval(interval, (end) => {
    const share = (100 * end) / wholeMs;
    return Math.abs(share) >= 100 ? share.toFixed(0) : Math.abs(share) < 0.1 ? share.toFixed(2) : share.toFixed(1);
  });
}

/** The judgement in a table. */
export function judgement({ small }: Judged): Exclude<TableCell, string> {
  if (small === null) return { text: "inconclusive", tone: "unsure" };
  return small ? { text: "yes", tone: "good" } : { text: "NO", tone: "bad" };
}

/** Rows that nothing is said of because one outlier would decide it. */
export function doubtfulNote(rows: readonly { readonly judged: Judged }[]): string[] {
  const doubtful = rows.filter((r) => r.judged.doubtful).length;
  if (doubtful === 0) return [];
  return [
    `In ${count(doubtful, "row")} nothing is judged: a cell in it was visited once and is an outlier, or could be one without being seen. ` +
      "Its numbers are what was measured.",
  ];
}

/** Milliseconds that may be below zero. */
export function signed(e: Pick<Estimate, "value">): string {
  return e.value < 0 ? `-${formatMs(-e.value)}` : formatMs(e.value);
}
