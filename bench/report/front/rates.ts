import { formatMs } from "../../format/numbers.ts";
import { when } from "../../format/when.ts";
import { tellApart } from "../answer/pooled.ts";
import type { Pooled } from "../answer/types.ts";
import { type Table, type TableCell, rights, table } from "../blocks.ts";
import { blockHtml } from "../render/blocks-html.ts";
import type { Markup } from "../render/markup.ts";

const rate = (perSecond: number | null) => (perSecond === null ? "" : `${Number(perSecond.toPrecision(3))}/s`);
const shown = (ms: number | null) => (ms === null ? "–" : formatMs(ms));

/** Cells under load: what came of the rate that was asked for, and the quantiles of the latencies. */
export function ratesBlock(loads: readonly Pooled[]): Table {
  const errors = (g: Pooled): TableCell => (g.errors === 0 ? "0" : { text: String(g.errors), tone: "bad" });
  const kept = (g: Pooled): TableCell => {
    if (g.askedPerSecond === null) return "";
    return g.behind ? { text: "fell behind", tone: "bad" } : { text: "kept", tone: "good" };
  };
  const { same, differ } = tellApart(loads);
  return table({
    ...(same.length === 0 ? {} : { caption: same.join(", ") }),
    columns: [
      ...differ.map(([title]) => title),
      ...rights("answered", "p50, ms", "p95, ms", "p99, ms", "max, ms", "errors", "calls"),
      "rate",
    ],
    rows: loads.map((g) => [
      ...differ.map(([, of]) => of(g)),
      ...[rate(g.achievedPerSecond), shown(g.p50Ms), shown(g.p95Ms), shown(g.p99Ms), shown(g.maxMs)],
      ...[errors(g), String(g.calls), kept(g)],
    ]),
    notes: [
      ...when(
        loads.some((g) => g.askedPerSecond !== null),
        "Latency counts from when a call was due. Answered: answers a second. Rate: whether the server kept the rate that was asked for, or fell behind.",
      ),
      ...when(
        loads.some((g) => differ.some(([, of]) => /^x\d/.test(of(g)))),
        "x8: on eight connections, so at most eight calls at a time.",
      ),
    ],
    method: "rates",
  });
}

/** The same for the first screen. */
export const ratesTable = (loads: readonly Pooled[]): Markup =>
  blockHtml(ratesBlock(loads), "rates-front", "Under load");
