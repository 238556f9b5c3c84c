import type { RunManifest } from "../../../records/manifest.ts";
import { type Attribution, PARTS, type Part, attribute } from "../../../stats/attribution/attribution.ts";
import type { Estimate } from "../../../stats/math/estimate.ts";
import { type Judged, SMALL_SHARE, levelOf } from "../../../stats/attribution/sums.ts";
import { type Figure, type TableCell, type TableColumn, figure, only, right, table } from "../../blocks.ts";
import { modelTitle } from "../caveats.ts";
import { kindTitle } from "../../charts/colours.ts";
import { type Bar, stackChart } from "../../charts/stacks.ts";
import { FROM_TO, PROTOCOL } from "../columns.ts";
import { count } from "../../../../lib/words.ts";
import { formatInterval } from "../../../format/numbers.ts";
import type { Section } from "../../section.ts";
import { formatMs } from "../paper/tables.ts";

/** Where the time of a request goes: the parts, and whether they add up. */
export const attributionSection: Section = {
  id: "attribution",
  title: "What a request's time is made of: mean over images, ms",
  short: "Attribution",
  blocks({ manifest, study }) {
    const all = study === undefined ? [] : attribute(study);
    if (all.length === 0) return [];
    const columns: TableColumn[] = [
      ...[FROM_TO, { title: "model" }, PROTOCOL, right("whole"), { title: "adds\nup" }, right("left\nover")],
      right("interval,\n% of whole"),
      ...["model\ncompute", "client\nencode", "client\ndecode", "server,\nwire", "network"].map((t) => right(t)),
    ];
    const rows = all.map((a) => [
      ...[a.place, modelTitle(manifest, a.model), kindTitle(a.clientKind), signed(a.total), answer(a)],
      ...[signed(a.rest), judgedInterval(a.judged, a.total.value)],
      ...[a.parts.compute, a.parts.encode, a.parts.decode, a.parts.server].map(signed),
      networkOf(a),
    ]);
    const notes = [
      sumsText(all),
      `${judgedRule(all.filter((a) => a.kind === "finding" && a.judged.interval !== null).length, "the whole")}${
        all.some((a) => a.kind === "follows") ? FOLLOWS : ""
      }`,
      "Server and wire format, network: what the null model takes between encoding and decoding, at home, and more than that from " +
        "the client machine. Model compute: what the model takes longer than the null model at home, averaged over the clients.",
      ...doubtfulNote(all),
      ...noNetwork(all),
      ...(all.some((a) => PARTS.some((p) => a.parts[p].value < 0)) ? [BELOW_ZERO] : []),
    ];
    return [only(["html"], stacksFigure(all, manifest)), table({ columns, rows, notes })];
  },
  json: ({ study }) => (study === undefined ? {} : { attribution: attribute(study) }),
};

const FOLLOWS =
  " In parentheses: at home the clients' left-overs of one model are zero together by construction, so the last one's follows and is not counted.";

/** Rows that nothing is said of because one wild call would decide it. */
export function doubtfulNote(rows: readonly { readonly judged: Judged }[]): string[] {
  const doubtful = rows.filter((r) => r.judged.doubtful).length;
  if (doubtful === 0) return [];
  return [
    `In ${count(doubtful, "row")} nothing is judged: a cell in it was visited once and is out of line, or could be without being seen. ` +
      "Its numbers are what was measured.",
  ];
}

/** Why there is no network where there is none. */
function noNetwork(all: readonly Attribution[]): string[] {
  const less = all.map((a) => -a.distance.value).filter((ms) => ms > 0);
  if (less.length === 0) return [];
  const [low, high] = [formatMs(Math.min(...less)), formatMs(Math.max(...less))];
  return [
    `Network none: the null model answers its own machine more slowly than the client machine, by ${low === high ? low : `${low} to ${high}`} ms ` +
      "(at home client and server share that machine's processor, from elsewhere they do not). That is no network of less than nothing: " +
      "what the network takes is in server and wire there, and cannot be told apart from them.",
  ];
}

const BELOW_ZERO =
  "A part below zero: it is a difference of two measurements, and the one that is taken away took longer.";

/** How a left-over is judged, for readers. */
export function judgedRule(findings: number, whole: string): string {
  const level = Number((100 * levelOf(findings)).toFixed(2));
  return (
    `Yes: the interval of what is left over lies within ${100 * SMALL_SHARE} % of ${whole}. NO: it does not, and zero is not in it. Not seen: ` +
    `neither. The interval is the one shown: it holds for all ${count(findings, "finding")} at once at 95 % (Bonferroni: ${level} % ` +
    "each), with the noise of all visits alike, whatever the image."
  );
}

/** The interval that was judged, as a share of the whole: `-2.1 to 3.4`. */
export function judgedInterval({ interval }: Judged, wholeMs: number): string {
  return formatInterval(interval, (end) => {
    const share = (100 * end) / wholeMs;
    return Math.abs(share) >= 100 ? share.toFixed(0) : Math.abs(share) < 0.1 ? share.toFixed(2) : share.toFixed(1);
  });
}

/** The judgement in a table. */
export function judgement({ small }: Judged): Exclude<TableCell, string> {
  if (small === null) return { text: "not seen", tone: "unsure" };
  return small ? { text: "yes", tone: "good" } : { text: "NO", tone: "bad" };
}

/** Whether the parts add up, as far as anything can be seen of it. */
function sumsText(all: readonly Attribution[]): string {
  const found = all.filter((a) => a.kind === "finding");
  const of = (small: boolean | null) => found.filter((a) => a.judged.small === small);
  const [yes, off, unseen] = [of(true), of(false), of(null)];
  if (yes.length + off.length === 0)
    return found.some((a) => a.judged.interval !== null)
      ? `Whether the parts add up to the whole cannot be seen: every interval reaches beyond ${100 * SMALL_SHARE} % of it.`
      : "Whether the parts add up to the whole cannot be seen: no row has an interval and other cells to take its parts from.";
  return [
    `The parts add up to the whole, within ${100 * SMALL_SHARE} % of it, in ${yes.length} of ${count(found.length, "finding")}`,
    ...(unseen.length > 0 ? [`; in ${unseen.length} it cannot be seen`] : []),
    ...(off.length > 0 ? [`; they do NOT add up in ${off.length}, by ${share(off)} of the whole at most`] : []),
    ".",
  ].join("");
}

function networkOf({ parts, distance }: Attribution): TableCell {
  return distance.value < 0 ? { text: "none", tone: "muted" } : signed(parts.network);
}

const PART_TITLES: readonly (readonly [Part, string])[] = [
  ["compute", "model compute"],
  ["encode", "client: encode"],
  ["decode", "client: decode"],
  ["server", "server and wire format"],
  ["network", "network"],
];

function stacksFigure(all: readonly Attribution[], manifest: RunManifest): Figure {
  const models = [...new Set(all.map((a) => a.model))];
  const barOf = (a: Attribution): Bar => ({
    name: `${a.place}, ${kindTitle(a.clientKind)}`,
    parts: PART_TITLES.map(([colour]) => ({ colour, value: a.parts[colour].value })),
    whole: a.total.value,
    remark: `${formatMs(a.total.value)} ms${a.judged.small === false ? " ≠ sum" : ""}`,
  });
  const words = (a: Attribution) =>
    `${a.place}, ${kindTitle(a.clientKind)}: ${PART_TITLES.map(([p, title]) => `${title} ${signed(a.parts[p])} ms`).join(", ")}`;
  return figure({
    title: "The parts of a request's time",
    caption:
      "Mean over images. The upright line is the whole as it was measured: where the parts are beyond doubt not as long, the row says ≠ sum." +
      belowZero(all),
    legend: PART_TITLES.map(([colour, label]) => ({ label, colour, sign: "square" })),
    alternative: all.map((a) => `${a.model}, ${words(a)}`).join("; "),
    panels: models.map((model) => {
      const own = all.filter((a) => a.model === model);
      const label = `${model}: ${own.map(words).join("; ")}`;
      return { title: modelTitle(manifest, model), picture: stackChart(label, own.map(barOf), "latency, ms") };
    }),
  });
}

/** Parts below zero cannot be drawn in a stack, so what is drawn reaches too far: said, and of which bars. */
function belowZero(all: readonly Attribution[]): string {
  const parts = all.flatMap((a) =>
    PART_TITLES.filter(([p]) => a.parts[p].value < -MARKED_SHARE * a.total.value).map(
      ([p, title]) => `${a.place}, ${kindTitle(a.clientKind)}, ${a.model}: ${title} ${signed(a.parts[p])} ms`,
    ),
  );
  const few = [...parts.slice(0, LISTED), ...(parts.length > LISTED ? [`and ${parts.length - LISTED} more`] : [])];
  return parts.length === 0
    ? ""
    : ` A part below zero is not drawn, and its bar reaches beyond the line by as much: ${few.join("; ")}. Why: below the table.`;
}

/** Share of the whole that a part below zero must have to be named, and how many are. */
const MARKED_SHARE = 0.005;
const LISTED = 4;

export function signed(e: Pick<Estimate, "value">): string {
  return e.value < 0 ? `-${formatMs(-e.value)}` : formatMs(e.value);
}

function answer({ judged, kind }: Attribution): TableCell {
  if (kind === "identity") return { text: "by construction", tone: "muted" };
  const { text, tone } = judgement(judged);
  return kind === "follows" ? { text: `(${text})`, tone: "muted" } : { text, tone };
}

function share(rows: readonly Attribution[]): string {
  return `${(100 * Math.max(...rows.map((a) => Math.abs(a.rest.value / a.total.value)))).toFixed(1)} %`;
}
