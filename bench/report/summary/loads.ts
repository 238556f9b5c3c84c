import { cleanLine } from "../../../lib/clean.ts";
import type { Line } from "../../../lib/output.ts";
import { formatMs } from "../../format/numbers.ts";
import { noQuantiles } from "../answer/names.ts";
import { tellApart } from "../answer/pooled.ts";
import type { Pooled } from "../answer/types.ts";
import { fitted, padded } from "./line.ts";

const NAME_WIDTH = 40;
/** Of a column of numbers. */
const WIDTH = 8;

/** Cells under load, their images taken together: rate, quantiles and errors, as load generators report them. */
export function loadsTable(loads: readonly Pooled[], most: number): Line[] {
  if (loads.length === 0) return [];
  const shown = loads.length > most ? loads.slice(0, Math.max(1, most - 1)) : loads;
  const { same, differ } = tellApart(loads);
  const rows = shown.map((g) => ({
    name: fitted(cleanLine(differ.map(([, of]) => of(g)).join(", ")), NAME_WIDTH),
    cells: [rate(g), ...quantiles(g), `${g.errors}`],
    tone: g.behind || g.untold?.kind === "invalid" || g.errors > 0 ? ("bad" as const) : undefined,
  }));
  const heads = ["calls/s", "p50 ms", "p95 ms", "p99 ms", "errors"];
  const about = fitted(cleanLine(same.join(", ")), NAME_WIDTH);
  const first = Math.max(...[about, ...rows.map((r) => r.name)].map((name) => [...name].length));
  const text = (name: string, cells: readonly string[]) =>
    name.padEnd(first) + cells.map((c) => c.padStart(WIDTH)).join("");
  return [
    [padded(text(about, heads), "strong")],
    ...rows.map((r): Line => [padded(text(r.name, r.cells), r.tone)]),
    ...(shown.length < loads.length ? [[padded(`… ${loads.length - shown.length} more with --full`, "faint")]] : []),
  ];
}

/** Three columns; where a load has no quantile, the reason in their place. */
function quantiles(g: Pooled): string[] {
  const why = noQuantiles(g);
  if (why !== undefined) return [why.padStart(3 * WIDTH)];
  return [g.p50Ms, g.p95Ms, g.p99Ms].map((ms) => (ms === null ? "–" : formatMs(ms)));
}
const rate = (g: Pooled) => (g.achievedPerSecond === null ? "–" : g.achievedPerSecond.toFixed(1));
