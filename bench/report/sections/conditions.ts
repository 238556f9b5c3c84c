import type { CellConditions } from "../../stats/conditions.ts";
import { STABILITY } from "../../schedule/precision.ts";
import { percent } from "../../schedule/unreachable-precision.ts";
import { type Block, list, notice, only, prose, table } from "../blocks.ts";
import { allStatistics } from "../../stats/cell-statistics.ts";
import { and, count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { REASONS, askedPrecision, reached } from "../../stats/reached-precision.ts";
import { type ReportInputs, type Section, neverReached } from "../section.ts";

/** Most cells that a list names; the rest is counted. */
const LISTED = 8;

/** What a late client means where it shares its machine with the server. */
function sharedProcessor(flagged: readonly CellConditions[], { cells }: ReportInputs): Block[] {
  const local = new Set(cells.filter((c) => c.local).map((c) => c.id));
  if (local.size === 0) return [];
  const late = flagged.filter((c) => local.has(c.cell) && c.disturbances.some((d) => d.includes("event loop was")));
  const shared = "Where a machine calls itself, client and server share its processor: that the client waits for it";
  return [
    prose(
      late.length === 0
        ? `${shared}, or its event loop is late, is part of what is measured there, and flags no cell.`
        : `${shared} is part of what is measured there. So may be the late event loops of ${late.length} of the flagged cells: ` +
            "they are a machine's calls to itself.",
    ),
  ];
}

/** How the cells ended, which of them still drifted, and which their own client disturbed. */
export const conditionsSection: Section = {
  id: "conditions",
  title: "How the cells ended",
  short: "Conditions",
  blocks: (inputs) => [...failures(inputs), ...conditionBlocks([...(inputs.conditions?.values() ?? [])], inputs)],
  json: ({ conditions }) => (conditions === undefined ? {} : { conditions: [...conditions.values()] }),
};

/** Every cell that failed, with its reason. */
function failures({ cells, summaries }: ReportInputs): Block[] {
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

function conditionBlocks(all: readonly CellConditions[], inputs: ReportInputs): Block[] {
  if (all.length === 0) return [];
  const missing = new Set(neverReached(inputs).map((c) => c.id));
  // A cell that no call was made in may have an end, where the time was up before its turn.
  const counted = all.filter((c) => !missing.has(c.cell));
  const asked = inputs.cells.some((c) => askedPrecision(c, inputs.manifest) !== null);
  const counts = Object.entries(REASONS)
    .map(([reason, { words }]) => ({ reason, words, n: counted.filter((c) => c.end?.reason === reason).length }))
    .filter(({ reason, n }) => n > 0 || (reason === "precision" && asked));
  const ended = counts.map(({ n, words }) => `${n} ${words}`);
  // A cell whose first visit was cut off has calls and nothing else.
  const open = Math.max(0, inputs.cells.length - missing.size - counts.reduce((sum, { n }) => sum + n, 0));
  const left = [...when(open > 0, `${open} not yet`), ...when(missing.size > 0, `${were(missing.size)} never reached`)];
  const unstable = all.filter((c) => c.end?.stable === false);
  const flagged = all.filter((c) => c.flagged);
  const behind = all.filter((c) => c.behind);
  return [
    prose(`Of ${count(inputs.cells.length, "cell")} ended ${[...ended, ...left].join(", ")}.`),
    ...precisionText(inputs),
    ...when(
      left.length > 0,
      notice(
        "unsure",
        `This run is not whole: it was stopped, its time was up, or it goes on. ${missing.size + open} of its ${inputs.cells.length} cells are not done, and no number here is about what they would have shown.`,
      ),
    ),
    ...when(
      unstable.length > 0,
      prose(
        `${unstable.length} still drifted (the medians of their last three windows of ten calls lie more than ${100 * STABILITY} % apart):`,
      ),
      listed(unstable),
    ),
    ...when(
      behind.length > 0,
      notice(
        "bad",
        `${were(behind.length)} asked more than their server serves: each call waited longer than the one before, so their latencies say how long a visit was, not how quick the server is. Ask for a lower rate (ratePerSecond).`,
      ),
      listed(behind),
    ),
    ...when(flagged.length === 0, prose("No cell was disturbed by its own client.")),
    ...when(
      flagged.length > 0,
      notice(
        "unsure",
        `${were(flagged.length)} disturbed by ${flagged.length === 1 ? "its own client: read its" : "their own client: read their"} times with care.`,
      ),
      listed(flagged, (c) => `: ${c.disturbedVisits} of ${c.visits} visits; ${c.disturbances.join("; ")}`),
    ),
    ...sharedProcessor(flagged, inputs),
  ];
}

/** How precise the cells became beside what was asked for. */
function precisionText(inputs: ReportInputs): Block[] {
  const r = reached(inputs.study === undefined ? [] : allStatistics(inputs.study), inputs.manifest);
  if (r === undefined) return [];
  const asked =
    r.asked.length === 0
      ? `No precision was asked for. Of ${count(r.cells, "measured cell")}`
      : `Asked for: a median whose 95 % interval lies within ${and(r.asked.map(percent))} of it. ` +
        `${r.narrow === 0 ? "None" : r.narrow} of ${count(r.cells, "measured cell")} came to that;`;
  const without = `${r.without} ${r.without === 1 ? "has" : "have"} no interval, for want of a second visit`;
  const text =
    r.typical === null || r.nineTenths === null
      ? `${asked} none has an interval, for want of a second visit.`
      : `${asked} the typical interval of the median, by a cell's own visits alone, is ±${percent(r.typical)}, nine of ten keep ±${percent(r.nineTenths)}` +
        (r.without === 0 ? "." : `, ${without}.`);
  return [r.asked.length === 0 || r.narrow === r.cells ? prose(text) : notice("unsure", text)];
}

const were = (n: number) => `${n} ${n === 1 ? "was" : "were"}`;

function listed(cells: readonly CellConditions[], more: (c: CellConditions) => string = () => ""): Block {
  return list([
    ...cells.slice(0, LISTED).map((c) => `${c.cell}${more(c)}`),
    ...when(cells.length > LISTED, `and ${cells.length - LISTED} more: report.json, conditions`),
  ]);
}
