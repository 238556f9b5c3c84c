import { isPlain } from "../../../matrix/cell.ts";
import { when } from "../../../format/when.ts";
import { formatMs } from "../../../format/numbers.ts";
import { groupsBut, levelsOf, shownAxes } from "../../../stats/levels.ts";
import { type CellSummary, mean } from "../../../stats/summary.ts";
import { type Table, type TableCell, rights, table } from "../../blocks.ts";
import type { ReportInputs } from "../../section.ts";
import { axisCells, axisColumns } from "../columns.ts";

/** Means over images of the phases of a call, by the client's clock. */
export function phaseTable(inputs: ReportInputs): Table {
  const { manifest, axes } = inputs;
  const shown = shownAxes(inputs.cells, axes, ["image"]);
  const queued = [...inputs.summaries.values()].some((s) => s.phaseMeansMs.lateMs !== null);
  const untold = inputs.study?.untold ?? new Map<string, unknown>();
  const told = inputs.cells.filter((c) => !untold.has(c.id));
  const rows = groupsBut(told, axes, ["image"]).map((cells) => {
    const found = cells.flatMap((c) => {
      const s = inputs.summaries.get(c.id);
      return s === undefined || s.n === 0 || s.failure !== undefined ? [] : [s];
    });
    const phase = (name: keyof CellSummary["phaseMeansMs"]) => {
      const seen = found.map((s) => s.phaseMeansMs[name]).filter((v) => v !== null);
      return seen.length === 0 ? "–" : formatMs(mean(seen));
    };
    const average = (of: (s: CellSummary) => number) => (found.length === 0 ? "–" : formatMs(mean(found.map(of))));
    const failed = cells.filter((c) => inputs.summaries.get(c.id)?.failure !== undefined).length;
    return [
      ...axisCells(levelsOf(cells[0], axes), shown, manifest),
      overImages(found.length, cells.length, failed),
      ...[average((s) => s.meanMs), average((s) => s.medianMs)],
      ...when(queued, phase("lateMs")),
      ...(["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const).map(phase),
      String(found.reduce((sum, s) => sum + s.n, 0)),
    ];
  });
  return table({
    columns: [
      ...[...axisColumns(shown), "images", ...rights("mean", "median", ...when(queued, "queued"))],
      ...rights("encode", "send", "wait", "receive", "decode", "calls"),
    ],
    rows,
    notes: [...when(queued, QUEUED), ...when(!inputs.cells.every(isPlain), UNDER_LOAD)],
    method: "phases",
  });
}

const QUEUED =
  "Queued: how long a call waited after it was due, because all connections were busy or the client was late. The phases from queued to " +
  "decode add up to the mean.";

const UNDER_LOAD =
  "Under load the null model tells no part of a call's time: calls to it do not wait in the same queue. Waiting in the server is in the phase “wait”.";

/** How many images a mean is over, and why not more. */
function overImages(measured: number, all: number, failed: number): TableCell {
  if (measured === all) return String(all);
  const missing = all - measured - failed;
  const why = [...when(failed > 0, `${failed} failed`), ...when(missing > 0, `${missing} not measured`)];
  return { text: `${measured} of ${all}: ${why.join(", ")}`, tone: failed > 0 ? "bad" : "unsure" };
}
