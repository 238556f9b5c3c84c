import type { CellConditions } from "../../../stats/conditions.ts";
import { STABILITY } from "../../../schedule/precision.ts";
import { percent } from "../../../schedule/unreachable-precision.ts";
import { type Block, fold, list, notice, only, prose, table } from "../../blocks.ts";
import { allStatistics } from "../../../stats/cell-statistics.ts";
import { and, count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { REASONS, askedPrecision, reached } from "../../../stats/reached-precision.ts";
import { type ReportInputs, neverReached } from "../../section.ts";

/** Most cells that a list names; the rest is counted. */
const LISTED = 8;

/** Every cell that failed at last, with its reason. */
export function failedCells({ cells, summaries }: ReportInputs): Block[] {
  const failed = cells.flatMap((c) => {
    const failure = summaries.get(c.id)?.failure;
    return failure === undefined ? [] : [[c.id, { text: failure.code, tone: "bad" as const }, failure.message]];
  });
  if (failed.length === 0) return [];
  const parts = {
    caption: `Failed: ${failed.length} of ${cells.length} cells`,
    columns: ["cell", "code", "message"],
  };
  const notes = when(failed.length > LISTED, `and ${failed.length - LISTED} more: report.html, report.csv`);
  return [
    only(["html"], table({ ...parts, rows: failed })),
    only(["terminal", "markdown"], table({ ...parts, rows: failed.slice(0, LISTED), notes })),
  ];
}

/** How the cells ended, which of them still drifted, and which their own client disturbed. */
export function conditionBlocks(inputs: ReportInputs): Block[] {
  const all = [...(inputs.conditions?.values() ?? [])];
  if (all.length === 0) return [];
  const missing = new Set(neverReached(inputs).map((c) => c.id));
  // A cell that no call was made in may have an end, where the time was up before its turn.
  const counted = all.filter((c) => !missing.has(c.cell));
  const asked = inputs.cells.some((c) => askedPrecision(c, inputs.manifest) !== null);
  const counts = Object.entries(REASONS)
    .map(([reason, { words }]) => ({ reason, words, n: counted.filter((c) => c.end?.reason === reason).length }))
    .filter(({ reason, n }) => n > 0 || (reason === "precision" && asked));
  // A cell whose first visit was cut off has calls and nothing else.
  const open = Math.max(0, inputs.cells.length - missing.size - counts.reduce((sum, { n }) => sum + n, 0));
  const ended = [
    ...counts.map(({ n, words }) => `${n} ${words}`),
    ...when(open > 0, `${open} did not end`),
    ...when(missing.size > 0, `${missing.size} ${missing.size === 1 ? "was" : "were"} never measured`),
  ];
  const unstable = all.filter((c) => c.end?.stable === false);
  const flagged = all.filter((c) => c.flagged);
  const behind = all.filter((c) => c.behind);
  return [
    prose(`How the ${count(inputs.cells.length, "cell")} ended: ${ended.join(", ")}.`),
    ...precisionText(inputs),
    ...named(
      unstable,
      `still changed at the end: the medians of the last three windows of ten calls lie more than ${100 * STABILITY} % apart`,
    ),
    ...named(
      behind,
      "could not keep the rate that was asked for, so latencies grew for as long as a visit lasted. Ask for a lower rate (ratePerSecond)",
    ),
    ...named(
      flagged,
      "had a client machine that was busy with something else in at least a quarter of the visits",
      (c) => `: ${c.disturbedVisits} of ${c.visits} visits; ${c.disturbances.join("; ")}`,
    ),
    ...when(
      inputs.cells.some((c) => c.local),
      prose(
        "In local cells client and server share a processor. The client's waiting for it is part of the latency there, and flags no cell.",
      ),
    ),
  ];
}

/** Some cells with what they have in common, folded; nothing where there are none. */
function named(cells: readonly CellConditions[], what: string, more?: (c: CellConditions) => string): Block[] {
  return [...when(cells.length > 0, fold(`${count(cells.length, "cell")} ${what}.`, listed(cells, more)))];
}

/** How precise the cells became beside what was asked for. */
function precisionText(inputs: ReportInputs): Block[] {
  const r = reached(inputs.study === undefined ? [] : allStatistics(inputs.study), inputs.manifest);
  if (r === undefined) return [];
  const asked =
    r.asked.length === 0
      ? `No precision was asked for. Of ${count(r.cells, "measured cell")}`
      : `Asked for: a median known to ${and(r.asked.map(percent))} (95 % interval). ` +
        `${r.narrow === 0 ? "None" : r.narrow} of ${count(r.cells, "measured cell")} reached that;`;
  const without = `${r.without} ${r.without === 1 ? "has" : "have"} a single visit and no interval`;
  const text =
    r.typical === null || r.nineTenths === null
      ? `${asked} none has an interval: each had a single visit.`
      : `${asked} the typical interval of the median is ±${percent(r.typical)}; nine of ten are within ±${percent(r.nineTenths)}` +
        (r.without === 0 ? "." : `; ${without}.`);
  return [r.asked.length === 0 || r.narrow === r.cells ? prose(text) : notice("unsure", text)];
}

function listed(cells: readonly CellConditions[], more: (c: CellConditions) => string = () => ""): Block {
  return list([
    ...cells.slice(0, LISTED).map((c) => `${c.cell}${more(c)}`),
    ...when(cells.length > LISTED, `and ${cells.length - LISTED} more: report.json, conditions`),
  ]);
}
