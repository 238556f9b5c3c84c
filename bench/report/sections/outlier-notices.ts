import { type Study, wildCells } from "../../stats/study.ts";
import { type Block, notice } from "../blocks.ts";
import { and, count } from "../../../lib/words.ts";

/** Most cells that are named; the rest is counted. */
const NAMED = 5;

/** Cells visited once whose visit is out of line: what became of them, and what helps. */
export function wildNotices(study: Study): Block[] {
  const wild = [...wildCells(study)].sort(([, a], [, b]) => Math.abs(Math.log(b)) - Math.abs(Math.log(a)));
  if (wild.length === 0) return [];
  const named = wild
    .slice(0, NAMED)
    .map(([cell, ratio], i) => `${cell}${i === 0 ? " took" : ""} ${timesExpected(ratio)}`);
  const more = wild.length > NAMED ? ` (${wild.length - NAMED} more: report.json, effects.setAside)` : "";
  return [
    notice(
      "unsure",
      `${count(wild.length, "cell")} visited once ${wild.length === 1 ? "is" : "are"} out of line: ${and(named)} what all others ` +
        `of the model lead to expect${more}. Whether that is the cell or one wild call cannot be told from one visit, so effects, ` +
        "answers and verdicts are made without; tables of cells show what was measured. A longer run visits them again.",
    ),
  ];
}

/** `9.5 times`, `0.31 times`. */
export function timesExpected(ratio: number): string {
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)} times`;
}
