import { type ServerClocks, serverClocks } from "../../../stats/attribution/server-clock.ts";
import { type Table, rights, table } from "../../blocks.ts";
import { axisCells, axisColumns } from "../columns.ts";
import { doubtfulNote, judgedInterval, judgedText, judgement, signed } from "./judgement.ts";
import { count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { formatMs } from "../../../format/numbers.ts";
import { isPlain } from "../../../matrix/cell.ts";
import { shownAxes } from "../../../stats/levels.ts";
import type { ReportInputs } from "../../section.ts";

/** What the client saw beside what the servers' own clocks say, where servers publish metrics; undefined where none was read. */
export function clockTable({ manifest, axes, study }: ReportInputs): Table | undefined {
  const clocks = study === undefined ? undefined : serverClocks(study);
  if (clocks === undefined || (clocks.rows.length === 0 && clocks.others + clocks.unread === 0)) return undefined;
  const shown = shownAxes(manifest.cells.filter(isPlain), axes, ["image"]);
  const { rows, others, unread } = clocks;
  return table({
    columns: [
      ...[...axisColumns(shown), "agree", ...rights("difference", "interval,\n% of seen")],
      ...rights("client\nsaw", "less\noutside", "server's\nown", "of it the\nmodel", "visits"),
    ],
    rows: rows.map((r) => [
      ...axisCells(r.levels, shown, manifest),
      ...[judgement(r.judged), signed(r.difference), judgedInterval(r.judged, r.between.value)],
      ...[r.between, r.outside, r.server].map(signed),
      ...[r.runMs === null ? "–" : formatMs(r.runMs), String(r.visits)],
    ]),
    notes: [
      agreement(rows),
      "Client saw: the time between encoding and decoding. Outside: the part of a call to the null model that the server's clock does not see " +
        "(library, kernel, network). Server's own: the same requests by the server's metrics. Difference: client saw, less outside, less server's own.",
      ...doubtfulNote(rows),
      ...when(others > 0, `${others} visits are left out: the server answered other calls meanwhile.`),
      ...when(unread > 0, `${unread} visits are left out: the server's clock could not be read.`),
    ],
    method: "judged",
  });
}

/** Whether the clocks agree with the attribution, as far as anything can be seen of it. */
function agreement(rows: ServerClocks["rows"]): string {
  if (rows.length === 0) return "No row can be compared.";
  return judgedText(rows, {
    open: "Whether the servers' own clocks agree with the client is inconclusive in every row.",
    yes: (n) => `The servers' own clocks agree with the client in ${n} of ${count(rows.length, "row")}`,
    no: (off) => `they do not agree in ${off.length}`,
  });
}
