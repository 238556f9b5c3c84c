import { count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { formatInterval, formatMs } from "../../../format/numbers.ts";
import type { Judged } from "../../../stats/attribution/left-over.ts";
import type { Estimate } from "../../../stats/math/estimate.ts";
import type { TableCell } from "../../blocks.ts";

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
  return small ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" };
}

interface Row {
  readonly judged: Judged;
}

/** How many rows are judged to add up or agree, how many not, and of how many that is open, as a sentence. */
export function judgedText<R extends Row>(
  rows: readonly R[],
  words: { readonly open: string; yes(n: number): string; no(off: readonly R[]): string },
): string {
  const [yes = [], off = [], unseen = []] = [true, false, null].map((small) =>
    rows.filter((r) => r.judged.small === small),
  );
  if (yes.length + off.length === 0) return words.open;
  const parts = [
    ...when(unseen.length > 0, `inconclusive in ${unseen.length}`),
    ...when(off.length > 0, words.no(off)),
  ];
  return `${[words.yes(yes.length), ...parts].join("; ")}.`;
}

/** How many rows are not judged because one outlier would decide them. */
export function doubtfulNote(rows: readonly Row[]): readonly string[] {
  const doubtful = rows.filter((r) => r.judged.doubtful).length;
  return when(
    doubtful > 0,
    `${count(doubtful, "row")} not judged: each rests on a cell with a single visit, and that visit may be an outlier.`,
  );
}

/** Milliseconds that may be below zero. */
export function signed(e: Pick<Estimate, "value">): string {
  return e.value < 0 ? `-${formatMs(-e.value)}` : formatMs(e.value);
}
