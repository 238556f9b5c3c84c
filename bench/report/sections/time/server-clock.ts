import { type ServerClocks, serverClocks } from "../../../stats/attribution/server-clock.ts";
import { type Block, right, table } from "../../blocks.ts";
import { doubtfulNote, judgedInterval, judgedRule, judgement, signed } from "./attribution.ts";
import { kindTitle } from "../../charts/colours.ts";
import { FROM_TO, PROTOCOL } from "../columns.ts";
import { count } from "../../../../lib/words.ts";
import type { Section } from "../../section.ts";
import { formatMs } from "../paper/tables.ts";

/** The attribution beside what the servers' own clocks say: TF Serving's metrics, where it has them. */
export const serverClockSection: Section = {
  id: "server-clock",
  title: "The servers' own clock: mean over images, ms",
  short: "Servers' clock",
  blocks({ study }) {
    const clocks = study === undefined ? undefined : serverClocks(study);
    return clocks === undefined || (clocks.rows.length === 0 && clocks.others + clocks.unread === 0)
      ? []
      : [clockTable(clocks)];
  },
  json: ({ study }) => (study === undefined ? {} : { serverClock: serverClocks(study) }),
};

function clockTable(clocks: ServerClocks): Block {
  const { rows, others, unread } = clocks;
  return table({
    columns: [
      ...[
        FROM_TO,
        { title: "model" },
        PROTOCOL,
        { title: "agree" },
        right("difference"),
        right("interval,\n% of seen"),
      ],
      ...["client\nsaw", "less\noutside", "server's\nown", "of it the\nmodel", "visits"].map((t) => right(t)),
    ],
    rows: rows.map((r) => [
      ...[r.place, r.model, kindTitle(r.clientKind)],
      ...[judgement(r.judged), signed(r.difference), judgedInterval(r.judged, r.between.value)],
      ...[r.between, r.outside, r.server].map(signed),
      ...[r.runMs === null ? "–" : formatMs(r.runMs), String(r.visits)],
    ]),
    notes: [
      agreement(rows),
      "Client saw: between encoding and decoding. Outside: what the null model's calls from the same machine take outside of the " +
        "server's clock (the protocol's library, the kernel, the network). Server's own: request_latency of the same calls; of it the " +
        "model: runtime_latency.",
      judgedRule(rows.filter((r) => r.judged.interval !== null).length, "what the client saw"),
      ...doubtfulNote(rows),
      ...(others > 0 ? [`In ${others} visits others used the server, too: left out here.`] : []),
      ...(unread > 0 ? [`In ${unread} visits the server's clock could not be read.`] : []),
    ],
  });
}

/** Whether the clocks agree with the attribution, as far as anything can be seen of it. */
function agreement(rows: ServerClocks["rows"]): string {
  if (rows.length === 0) return "No row can be compared.";
  const of = (small: boolean | null) => rows.filter((r) => r.judged.small === small).length;
  const [yes, off, unseen] = [of(true), of(false), of(null)];
  if (yes + off === 0) return "Whether the servers' own clocks agree with the attribution cannot be seen in any row.";
  return [
    `The servers' own clocks agree with what the client saw and the attribution in ${yes} of ${count(rows.length, "row")}`,
    ...(unseen > 0 ? [`; in ${unseen} it cannot be seen`] : []),
    ...(off > 0 ? [`; they do NOT agree in ${off}`] : []),
    ".",
  ].join("");
}
