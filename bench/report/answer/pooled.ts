import { PLAIN_LOAD, loadTitle } from "../../loads/registry.ts";
import { isPlain } from "../../matrix/cell.ts";
import { type CellGroup, groupsBut, levelsOf } from "../../stats/levels.ts";
import { carries, median, quantile } from "../../stats/math/quantile.ts";
import { once } from "../../stats/math/memo.ts";
import type { Visit } from "../../stats/visits.ts";
import type { ReportInputs } from "../section.ts";
import { placeText, protocolNames } from "./names.ts";
import type { Pooled } from "./types.ts";

/** Every group of cells that differ in their image alone, its calls pooled; groups without any call are left out. */
export const pooledGroups = once((inputs: ReportInputs): readonly Pooled[] =>
  groupsBut(inputs.cells, inputs.axes, ["image"]).flatMap((group) => pooledOf(group, inputs) ?? []),
);

/** Those of them that are under load: at a rate, or with several calls at a time. */
export const pooledUnderLoad = once((inputs: ReportInputs): readonly Pooled[] => {
  const plain = new Set(inputs.cells.filter(isPlain).map((c) => loadTitle(c.load)));
  return pooledGroups(inputs).filter((g) => !plain.has(g.load));
});

function pooledOf(group: CellGroup, inputs: ReportInputs): Pooled | undefined {
  const { study, axes, summaries, conditions, manifest } = inputs;
  const [cell] = group;
  const data = group.flatMap((c) => study?.data.get(c.id) ?? []);
  const sorted = Float64Array.from(data.flatMap((d) => [...d.totalsMs])).sort();
  const errors = group.reduce((sum, c) => sum + (summaries.get(c.id)?.failedCalls ?? 0), 0);
  if (sorted.length + errors === 0) return undefined;
  const asked = cell.load["ratePerSecond"];
  const askedPerSecond = typeof asked === "number" ? asked : null;
  const visits = data.flatMap((d) => d.visits);
  const carried = (q: number) => (carries(sorted.length, q) ? quantile(sorted, q) : null);
  return {
    levels: levelsOf(cell, axes, ["image"]),
    place: placeText({ ...cell, load: PLAIN_LOAD }, inputs),
    protocol: protocolNames(manifest.clients)(cell.client),
    model: cell.model,
    load: loadTitle(cell.load),
    calls: sorted.length,
    visits: visits.length,
    p50Ms: sorted.length === 0 ? null : median(sorted),
    p95Ms: carried(0.95),
    p99Ms: carried(0.99),
    maxMs: sorted.at(-1) ?? NaN,
    errors,
    askedPerSecond,
    achievedPerSecond: askedPerSecond === null ? null : answersPerSecond(visits),
    behind: group.some((c) => conditions?.get(c.id)?.behind === true),
  };
}

/** What tells some groups under load apart: words that all share, and a title and a text for each thing in which they differ. */
export function tellApart(loads: readonly Pooled[]): {
  readonly same: readonly string[];
  readonly differ: readonly (readonly [title: string, of: (g: Pooled) => string])[];
} {
  const connections = (g: Pooled) => /^x(\d+) /.exec(g.load)?.[1] ?? "";
  const one = new Set(loads.map(connections)).size === 1;
  const all: readonly (readonly [string, (g: Pooled) => string])[] = [
    ["from → to", (g) => g.place],
    ["protocol", (g) => g.protocol],
    ["model", (g) => g.model],
    ["load", (g) => (one ? g.load.replace(/^x\d+ /, "") : g.load)],
  ];
  const differ = all.filter(([title, of]) => title === "load" || new Set(loads.map(of)).size > 1);
  const shared = all.filter((a) => !differ.includes(a)).flatMap(([, of]) => loads.slice(0, 1).map(of));
  const several = one ? loads.slice(0, 1).map(connections).filter(Boolean) : [];
  return { same: [...shared, ...several.map((n) => `${n} connections`)], differ };
}

/**
 * How many answers came a second: from the first answer of a visit to its last one there is one answer less than calls. When the
 * first came is known by how long calls take on average without the time that they waited for their turn.
 */
function answersPerSecond(visits: readonly Visit[]): number | null {
  const timed = visits.flatMap(({ n, spanMs = 0, meanMs, phaseMeansMs: { lateMs } }) => {
    const ms = spanMs - (meanMs - (lateMs ?? 0));
    return n > 1 && ms > 0 ? [{ answers: n - 1, ms }] : [];
  });
  const sum = (of: (t: (typeof timed)[number]) => number) => timed.reduce((total, t) => total + of(t), 0);
  return timed.length === 0 ? null : (1000 * sum((t) => t.answers)) / sum((t) => t.ms);
}
