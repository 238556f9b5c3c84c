import { linkText } from "../../../matrix/link.ts";
import type { LinkRecord } from "../../../records/link-facts.ts";
import { formatMs } from "../../../format/numbers.ts";
import { type Block, fold, table } from "../../blocks.ts";
import type { ReportInputs } from "../../section.ts";

/** What was asked of each link, and what it measured before and after each of its blocks; nothing of a run without links. */
export function linkBlocks({ cells, study }: ReportInputs): Block[] {
  const records = study?.links?.records ?? [];
  const ways = Map.groupBy(records, (r) => `${r.clientMachine} → ${r.serverMachine}, ${r.link}`);
  const rows = [...ways].map(([way, own]) => {
    const link = cells.find((c) => c.link?.name === own[0]?.link)?.link;
    return [way, link === undefined ? "–" : linkText(link), ...measuredCells(own)];
  });
  if (rows.length === 0) return [];
  const columns = ["link", "asked for", "round trip, ms", "Mbit/s", "echoes lost", "set by", "congestion control"];
  const notes = [
    "Measured before and after each block of visits, by echoes and a train of packets, the network below the link included: the shortest " +
      "and the longest median.",
    ...lateNote(records),
  ];
  return [fold("Links, as they were asked for and as they were", table({ columns, rows, notes }))];
}

function measuredCells(own: readonly LinkRecord[]): string[] {
  const measures = own.flatMap(({ measured }) => ("unread" in measured ? [] : [measured]));
  const unread = own.flatMap(({ measured }) => ("unread" in measured ? [measured.unread] : []))[0];
  const echoes = measures.reduce((sum, m) => sum + m.echoes, 0);
  const lost = measures.reduce((sum, m) => sum + m.lost, 0);
  const controls = new Set(
    own.map(({ congestion: { client, server } }) =>
      client === server ? (client ?? "–") : `${client ?? "–"}, ${server ?? "–"}`,
    ),
  );
  return [
    measures.length === 0
      ? `not measured: ${unread ?? ""}`
      : range(
          measures.map((m) => m.rttMs.median),
          formatMs,
        ),
    range(
      measures.flatMap((m) => m.mbit ?? []),
      (mbit) => mbit.toPrecision(4),
    ),
    echoes === 0 ? "–" : `${lost} of ${echoes}`,
    [...new Set(own.map((r) => r.means))].join(", "),
    [...controls].join("; "),
  ];
}

function range(values: readonly number[], text: (value: number) => string): string {
  if (values.length === 0) return "–";
  const [low, high] = [text(Math.min(...values)), text(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}

/** How exact the lab's own program was: on a machine that is busy a link is longer than it was asked to be. */
function lateNote(records: readonly LinkRecord[]): string[] {
  const late = records.flatMap((r) => r.packets?.lateMs.p99 ?? []);
  if (late.length === 0) return [];
  return [`99 of 100 packets left the lab's links at most ${formatMs(Math.max(...late))} ms too late.`];
}
