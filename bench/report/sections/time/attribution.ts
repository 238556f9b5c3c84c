import type { Axis } from "../../../matrix/axes.ts";
import { isPlain } from "../../../matrix/cell.ts";
import type { RunManifest } from "../../../records/manifest.ts";
import { type Attribution, PARTS, type Part, attribute } from "../../../stats/attribution/attribution.ts";
import { SMALL_SHARE } from "../../../stats/attribution/left-over.ts";
import { shownAxes } from "../../../stats/levels.ts";
import {
  type Block,
  type Figure,
  type TableCell,
  figure,
  fold,
  only,
  prose,
  right,
  rights,
  table,
} from "../../blocks.ts";
import { modelTitle } from "../caveats.ts";
import { type Bar, stackChart } from "../../charts/stacks.ts";
import { axisCells, axisColumns, levelsText } from "../columns.ts";
import { doubtfulNote, judgedInterval, judgedText, judgement, signed } from "./judgement.ts";
import { count } from "../../../../lib/words.ts";
import { when } from "../../../format/when.ts";
import { formatMs } from "../../../format/numbers.ts";
import type { ReportInputs } from "../../section.ts";

/** The parts of a request's time as bars, whether they add up, and the table of them, folded. */
export function attributionBlocks({ manifest, study, axes }: ReportInputs): Block[] {
  const all = study === undefined ? [] : attribute(study);
  if (all.length === 0) return [];
  const shown = shownAxes(manifest.cells.filter(isPlain), axes, ["image"]);
  const columns = [
    ...[...axisColumns(shown), right("whole"), "adds\nup", ...rights("left\nover", "interval,\n% of whole")],
    ...rights("model\ncompute", "client\nencode", "client\ndecode", "server,\nwire", "network"),
  ];
  const rows = all.map((a) => [
    ...[...axisCells(a.levels, shown, manifest), signed(a.total), answer(a)],
    ...[signed(a.rest), judgedInterval(a.judged, a.total.value)],
    ...[a.parts.compute, a.parts.encode, a.parts.decode, a.parts.server].map(signed),
    networkOf(a),
  ]);
  const notes = [
    ...when(
      all.some((a) => a.kind === "follows"),
      "In parentheses: this answer follows from the other rows of the model on that machine.",
    ),
    ...doubtfulNote(all),
    ...noNetwork(all),
    ...when(
      all.some((a) => PARTS.some((p) => a.parts[p].value < 0)),
      "A part is the difference of two measurements. It is below zero if the second one was longer.",
    ),
  ];
  return [
    prose(sumsText(all)),
    only(["html"], fold("The parts of every model's time, at every place", stacksFigure(all, shown, manifest))),
    fold("The parts as a table, mean over images, ms", table({ columns, rows, notes, method: "attribution" })),
  ];
}

/** Why there is no network where there is none. */
function noNetwork(all: readonly Attribution[]): string[] {
  const less = all.map((a) => -a.distance.value).filter((ms) => ms > 0);
  if (less.length === 0) return [];
  const [low, high] = [formatMs(Math.min(...less)), formatMs(Math.max(...less))];
  return [
    `Network none: local calls to the null model take ${low === high ? low : `${low} to ${high}`} ms longer than remote ones, because client and server share a processor there. ` +
      "So the network cannot be told apart from server and wire.",
  ];
}

/** Whether the parts add up, as far as anything can be seen of it. */
function sumsText(all: readonly Attribution[]): string {
  const found = all.filter((a) => a.kind === "finding");
  const open = found.some((a) => a.judged.interval !== null)
    ? `every interval is wider than ${100 * SMALL_SHARE} % of it.`
    : "no row has both an interval and other cells from which to take its parts.";
  return judgedText(found, {
    open: `Whether the parts add up to the whole is inconclusive: ${open}`,
    yes: (n) =>
      `The parts add up to the whole, within ${100 * SMALL_SHARE} % of it, in ${n} of ${count(found.length, "finding")}`,
    no: (off) => `they do not add up in ${off.length}, by ${share(off)} of the whole at most`,
  });
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

function stacksFigure(all: readonly Attribution[], axes: readonly Axis[], manifest: RunManifest): Figure {
  const models = [...new Set(all.map((a) => a.levels["model"] ?? ""))];
  const callers = axes.filter((axis) => axis.key !== "model");
  const who = (a: Attribution) => levelsText(a.levels, callers);
  const barOf = (a: Attribution): Bar => ({
    name: who(a),
    parts: PART_TITLES.map(([colour]) => ({ colour, value: a.parts[colour].value })),
    whole: a.total.value,
    remark: `${formatMs(a.total.value)} ms${a.judged.small === false ? " ≠ sum" : ""}`,
  });
  const words = (a: Attribution) =>
    `${who(a)}: ${PART_TITLES.map(([p, title]) => `${title} ${signed(a.parts[p])} ms`).join(", ")}`;
  return figure({
    title: "The parts of a request's time",
    caption:
      "Mean over images. Each model has its own scale. The upright line is the whole as it was measured. ≠ sum: the parts do not add up to it." +
      belowZero(all, axes),
    legend: PART_TITLES.map(([colour, label]) => ({ label, colour, sign: "square" })),
    alternative: all.map((a) => `${a.levels["model"] ?? ""}, ${words(a)}`).join("; "),
    panels: models.map((model) => {
      const own = all.filter((a) => a.levels["model"] === model);
      const label = `${model}: ${own.map(words).join("; ")}`;
      return { title: modelTitle(manifest, model), picture: stackChart(label, own.map(barOf), "latency, ms") };
    }),
  });
}

/** Parts below zero cannot be drawn in a stack, so its bar is too long: a remark that names those bars. */
function belowZero(all: readonly Attribution[], axes: readonly Axis[]): string {
  const parts = all.flatMap((a) =>
    PART_TITLES.filter(([p]) => a.parts[p].value < -MARKED_SHARE * a.total.value).map(
      ([p, title]) => `${levelsText(a.levels, axes)}: ${title} ${signed(a.parts[p])} ms`,
    ),
  );
  const few = [...parts.slice(0, LISTED), ...when(parts.length > LISTED, `and ${parts.length - LISTED} more`)];
  return parts.length === 0 ? "" : ` Parts below zero are not drawn: ${few.join("; ")}.`;
}

/** Share of the whole that a part below zero must have to be named, and how many are. */
const MARKED_SHARE = 0.005;
const LISTED = 4;

function answer({ judged, kind }: Attribution): TableCell {
  if (kind === "identity") return { text: "by construction", tone: "muted" };
  const { text, tone } = judgement(judged);
  return kind === "follows" ? { text: `(${text})`, tone: "muted" } : { text, tone };
}

function share(rows: readonly Attribution[]): string {
  return `${(100 * Math.max(...rows.map((a) => Math.abs(a.rest.value / a.total.value)))).toFixed(1)} %`;
}
