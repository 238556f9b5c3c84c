import { type ServerClocks, serverClocks } from "../../../stats/attribution/server-clock.ts";
import { type Block, rights, table } from "../../blocks.ts";
import { axisCells, axisColumns } from "../columns.ts";
import { doubtfulNote, judgedInterval, judgedRule, judgedText, judgement, signed } from "./judgement.ts";
import { count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { formatMs } from "../../../format/numbers.ts";
import { isPlain } from "../../../matrix/cell.ts";
import { shownAxes } from "../../../stats/levels.ts";
import type { ReportInputs, Section } from "../../section.ts";

/** The attribution beside what the servers' own clocks say, where servers publish metrics. */
export const serverClockSection: Section = {
  id: "server-clock",
  title: "The servers' own clock: mean over images, ms",
  short: "Servers' clock",
  blocks(inputs) {
    const { study } = inputs;
    const clocks = study === undefined ? undefined : serverClocks(study);
    return clocks === undefined || (clocks.rows.length === 0 && clocks.others + clocks.unread === 0)
      ? []
      : [clockTable(clocks, inputs)];
  },
  json: ({ study }) => (study === undefined ? {} : { serverClock: serverClocks(study) }),
};

function clockTable(clocks: ServerClocks, { manifest, axes }: ReportInputs): Block {
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
      "Client saw: between encoding and decoding. Outside: what the null model's calls from the same machine take outside of the " +
        "server's clock (the protocol's library, the kernel, the network). Server's own: the same requests by its metrics; of it the " +
        "model: the model's own run.",
      judgedRule(rows.filter((r) => r.judged.interval !== null).length, "what the client saw"),
      ...doubtfulNote(rows),
      ...when(others > 0, `In ${others} visits others used the server, too: left out here.`),
      ...when(unread > 0, `In ${unread} visits the server's clock could not be read.`),
    ],
  });
}

/** Whether the clocks agree with the attribution, as far as anything can be seen of it. */
function agreement(rows: ServerClocks["rows"]): string {
  if (rows.length === 0) return "No row can be compared.";
  return judgedText(rows, {
    open: "Whether the servers' own clocks agree with the attribution is inconclusive in every row.",
    yes: (n) =>
      `The servers' own clocks agree with what the client saw and the attribution in ${n} of ${count(rows.length, "row")}`,
    no: (off) => `they do NOT agree in ${off.length}`,
  });
}
