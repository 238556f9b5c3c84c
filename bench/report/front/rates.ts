import { formatMs } from "../../format/numbers.ts";
import { when } from "../../format/when.ts";
import type { Pooled } from "../answer/types.ts";
import { type Table, type TableCell, rights, table } from "../blocks.ts";
import { blockHtml } from "../render/blocks-html.ts";
import type { Markup } from "../render/markup.ts";

const rate = (perSecond: number | null) => (perSecond === null ? "" : `${Number(perSecond.toPrecision(3))}/s`);
const shown = (ms: number | null) => (ms === null ? "–" : formatMs(ms));

/** Cells under load: what came of the rate that was asked for, and the quantiles of the latencies. */
export function ratesBlock(loads: readonly Pooled[]): Table {
  const errors = (g: Pooled): TableCell => (g.errors === 0 ? "0" : { text: String(g.errors), tone: "bad" });
  const answered = (g: Pooled): TableCell => {
    if (g.askedPerSecond === null) return rate(g.achievedPerSecond);
    return g.behind
      ? {
          text: [...when(g.achievedPerSecond !== null, rate(g.achievedPerSecond)), "fell behind"].join(", "),
          tone: "bad",
        }
      : { text: [...when(g.achievedPerSecond !== null, rate(g.achievedPerSecond)), "kept"].join(", "), tone: "good" };
  };
  // What is the same in all rows stands in the caption.
  const who: readonly (readonly [string, (g: Pooled) => string])[] = [
    ["from → to", (g) => g.place],
    ["protocol", (g) => g.protocol],
    ["model", (g) => g.model],
  ];
  const varies = who.filter(([, of]) => new Set(loads.map(of)).size > 1);
  const same = who.filter((w) => !varies.includes(w)).map(([, of]) => loads.slice(0, 1).map(of).join(""));
  return table({
    ...(same.length === 0 ? {} : { caption: same.join(", ") }),
    columns: [
      ...varies.map(([title]) => title),
      "load",
      "answered",
      ...rights("p50, ms", "p95, ms", "p99, ms", "max, ms", "errors", "calls"),
    ],
    rows: loads.map((g) => [
      ...varies.map(([, of]) => of(g)),
      ...[g.load, answered(g)],
      ...[shown(g.p50Ms), shown(g.p95Ms), shown(g.p99Ms), shown(g.maxMs), errors(g), String(g.calls)],
    ]),
    notes: [
      ...when(
        loads.some((g) => g.askedPerSecond !== null),
        "Latency counts from when a call was due. Answered: answers a second, and whether the server kept the rate that was asked for, or fell behind.",
      ),
      ...when(
        loads.some((g) => /^x\d/.test(g.load)),
        "x8: on eight connections, so at most eight calls at a time.",
      ),
    ],
    method: "rates",
  });
}

/** The same for the first screen. */
export const ratesTable = (loads: readonly Pooled[]): Markup =>
  blockHtml(ratesBlock(loads), "rates-front", "Under load");
