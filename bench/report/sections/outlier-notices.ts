import { type Study, outlierCells } from "../../stats/study.ts";
import { type Block, notice } from "../blocks.ts";
import { and, count } from "../../../lib/words.ts";

/** Most cells that are named; the rest is counted. */
const NAMED = 5;

/** Cells visited once whose visit is an outlier: what became of them, and what helps. */
export function outlierNotices(study: Study): Block[] {
  const outliers = [...outlierCells(study)].sort(([, a], [, b]) => Math.abs(Math.log(b)) - Math.abs(Math.log(a)));
  if (outliers.length === 0) return [];
  const named = outliers
    .slice(0, NAMED)
    .map(([cell, ratio], i) => `${cell}${i === 0 ? " took" : ""} ${timesExpected(ratio)}`);
  const more = outliers.length > NAMED ? ` (${outliers.length - NAMED} more: report.json, effects.setAside)` : "";
  return [
    notice(
      "unsure",
      `${count(outliers.length, "cell")} visited once ${outliers.length === 1 ? "is an outlier" : "are outliers"}: ${and(named)} what all other ` +
        `cells of the model predict${more}. One visit does not say whether the cell is so slow or one call was, so effects, answers ` +
        "and verdicts are made without such cells; tables of cells show what was measured. A longer run visits them again.",
    ),
  ];
}

/** `9.5 times`, `0.31 times`. */
export function timesExpected(ratio: number): string {
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)} times`;
}
