import { formatMs } from "../../format/numbers.ts";
import { when } from "../../format/when.ts";
import { tellApart } from "../answer/pooled.ts";
import type { Pooled } from "../answer/types.ts";
import { type Table, type TableCell, rights, table } from "../blocks.ts";
import { blockHtml } from "../render/blocks-html.ts";
import type { Markup } from "../render/markup.ts";

const rate = (perSecond: number | null) => (perSecond === null ? "" : `${Number(perSecond.toPrecision(3))}/s`);
const shown = (ms: number | null) => (ms === null ? "–" : formatMs(ms));

/** Whether a load is as it was asked for: what kept it from that, or that it was kept. */
function stateOf(g: Pooled): TableCell {
  if (g.untold?.kind === "invalid") return { text: "invalid", tone: "bad" };
  if (g.behind) return { text: "fell behind", tone: "bad" };
  return g.askedPerSecond === null ? "" : { text: "kept", tone: "good" };
}

/** Latency that grew within visits, a second: `+310 ms/s`. */
const drift = (msPerSecond: number | null | undefined) =>
  msPerSecond == null ? "" : `${msPerSecond < 0 ? "−" : "+"}${formatMs(Math.abs(msPerSecond))}`;

/** Cells under load: what came of the rate that was asked for, and the quantiles of the latencies. */
export function ratesBlock(loads: readonly Pooled[]): Table {
  const errors = (g: Pooled): TableCell => (g.errors === 0 ? "0" : { text: String(g.errors), tone: "bad" });
  const { same, differ } = tellApart(loads);
  const good = loads.some((g) => g.figures?.goodPerSecond != null);
  return table({
    ...(same.length === 0 ? {} : { caption: same.join(", ") }),
    columns: [
      ...differ.map(([title]) => title),
      ...rights("answered", ...when(good, "in time"), "p50, ms", "p95, ms", "p99, ms", "max, ms"),
      ...rights("drift, ms/s", "errors", "calls"),
      "rate",
    ],
    rows: loads.map((g) => [
      ...differ.map(([, of]) => of(g)),
      ...[rate(g.achievedPerSecond), ...when(good, rate(g.figures?.goodPerSecond ?? null))],
      ...[shown(g.p50Ms), shown(g.p95Ms), shown(g.p99Ms), shown(g.maxMs)],
      ...[
        drift(g.figures?.driftMsPerSecond),
        errors(g),
        g.untold?.kind === "invalid" ? "" : String(g.calls),
        stateOf(g),
      ],
    ]),
    notes: [
      ...when(
        loads.some((g) => g.askedPerSecond !== null),
        "Latency counts from when a call was due. Rate: whether the server kept the rate that was asked for, or fell behind.",
      ),
      ...when(
        loads.some((g) => g.achievedPerSecond !== null),
        "Answered: answers a second. Drift: by how much latency grew from a visit's first third to its last.",
      ),
      ...when(good, inTimeText(loads)),
      ...untoldNotes(loads, differ),
      ...shortNotes(loads, differ),
      ...when(
        loads.some((g) => differ.some(([, of]) => /^x\d/.test(of(g)))),
        "x8: on eight connections, so at most eight calls at a time.",
      ),
    ],
    method: "rates",
  });
}

function inTimeText(loads: readonly Pooled[]): string {
  const bounds = loads.flatMap(
    ({ figures, loadGen }) => figures?.slo?.text ?? (loadGen?.boundMs === undefined ? [] : `${loadGen.boundMs} ms`),
  );
  return `In time (goodput): answers a second within the bound of the SLO (${[...new Set(bounds)].join("; ")}).`;
}

/** Loads by their names; where others of that name are not among them, by all that tells rows apart. */
function named(own: readonly Pooled[], loads: readonly Pooled[], differ: Told): string {
  const alone = (g: Pooled) => loads.every((other) => other.load !== g.load || own.includes(other));
  const texts = own.map((g) => (alone(g) ? g.load : differ.map(([, of]) => of(g)).join(", ")));
  return [...new Set(texts)].join("; ");
}
type Told = ReturnType<typeof tellApart>["differ"];

/** Why loads have no latencies, a sentence for each reason; of cells that are invalid all reasons. */
function untoldNotes(loads: readonly Pooled[], differ: Told): string[] {
  const byReason = Map.groupBy(
    loads.filter((g) => g.untold !== undefined),
    (g) => g.untold?.why ?? "",
  );
  return [...byReason].map(([why, own]) => {
    const invalid = own.some((g) => g.untold?.kind === "invalid");
    return `${invalid ? "Invalid, so nothing is reported" : "No percentiles"}: ${named(own, loads, differ)}: ${why}.`;
  });
}

/** What the first load whose calls are too few says. */
function shortNotes(loads: readonly Pooled[], differ: Told): string[] {
  const [first, ...others] = loads.filter((g) => g.tooShort !== undefined);
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : ` (and ${others.length} more such rows)`;
  return [`Too few calls for a percentile: ${named([first], loads, differ)}: ${first.tooShort ?? ""}${more}.`];
}

/** The same for the first screen. */
export const ratesTable = (loads: readonly Pooled[]): Markup =>
  blockHtml(ratesBlock(loads), "rates-front", "Under load");
