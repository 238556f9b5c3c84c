import { formatSeconds } from "../../../lib/progress.ts";
import { PLAIN_LOAD, loadTitle, modeOf } from "../../loads/registry.ts";
import { isPlain } from "../../matrix/cell.ts";
import { type Slo, sloOf } from "../../matrix/experiments/threshold.ts";
import { type CellGroup, groupsBut, levelsOf } from "../../stats/levels.ts";
import { type LoadedCell, loadFigures, queueLength, tailCalls } from "../../stats/load/figures.ts";
import { cpuShare } from "../../stats/load/generator.ts";
import { loadGenResult } from "../../stats/load/loadgen.ts";
import { timesPlain } from "../../stats/load/over-plain.ts";
import { carries, median, quantile } from "../../stats/math/quantile.ts";
import { once } from "../../stats/math/memo.ts";
import { type Tail, tailOf } from "../../stats/tails/tail.ts";
import type { CellData } from "../../stats/visits.ts";
import type { ReportInputs } from "../section.ts";
import { placeText, protocolNames } from "./names.ts";
import type { LoadedFigures, Pooled } from "./types.ts";

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
  const untold = group.flatMap((c) => study?.untold?.get(c.id) ?? [])[0];
  const data = group.flatMap((c) => study?.data.get(c.id) ?? []);
  const loaded = loadedCells(group, study);
  const counted = isPlain(cell) || loaded.length === 0 ? data : loaded.map((c) => c.data);
  const calls = counted.reduce((sum, d) => sum + d.totalsMs.length, 0);
  const errors = group.reduce((sum, c) => sum + (summaries.get(c.id)?.failedCalls ?? 0), 0);
  if (calls + errors === 0 && untold === undefined) return undefined;
  const behind = untold?.kind === "behind" || group.some((c) => conditions?.get(c.id)?.behind === true);
  const askedPerSecond = modeOf(cell.load).ratePerSecond?.(cell.load) ?? null;
  const figures = isPlain(cell) ? undefined : figuresOf(group, loaded, inputs);
  const loadGen = loadGenResult(loaded);
  return {
    levels: levelsOf(cell, axes, ["image"]),
    place: placeText({ ...cell, load: PLAIN_LOAD }, inputs),
    protocol: protocolNames(manifest.clients)(cell.client),
    model: cell.model,
    load: loadTitle(cell.load),
    calls,
    visits: counted.reduce((sum, d) => sum + d.visits.length, 0),
    ...(behind || untold !== undefined ? NO_QUANTILES : quantilesOf(data, isPlain(cell) ? [] : loaded)),
    errors,
    askedPerSecond,
    achievedPerSecond: figures?.perSecond ?? null,
    behind,
    ...(figures && { figures }),
    ...(untold && { untold }),
    ...(loadGen && { loadGen }),
  };
}

/** Cells under load with what they measured, valid ones alone. */
function loadedCells(group: CellGroup, study: ReportInputs["study"]): LoadedCell[] {
  return group.flatMap((cell) => {
    const known = study?.loaded ?? study?.data;
    const data = isPlain(cell) ? undefined : known?.get(cell.id);
    return data === undefined ? [] : [{ cell, data }];
  });
}

type Quantiles = Pick<Pooled, "p50Ms" | "p95Ms" | "p99Ms" | "maxMs" | "intervals" | "tooShort">;

const NO_QUANTILES: Quantiles = { p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null };

/** Quantiles of all calls; of calls under load, whose moments are known, as far as the statistics of queued calls carry them. */
function quantilesOf(data: readonly CellData[], loaded: readonly LoadedCell[]): Quantiles {
  const sorted = Float64Array.from(data.flatMap((d) => [...d.totalsMs])).sort();
  const maxMs = sorted.at(-1) ?? null;
  const visits = loaded.map(tailCalls);
  if (maxMs === null) return NO_QUANTILES;
  if (loaded.length === 0 || visits.some((v) => v === undefined)) {
    const carried = (q: number) => (carries(sorted.length, q) ? quantile(sorted, q) : null);
    return { p50Ms: median(sorted), p95Ms: carried(0.95), p99Ms: carried(0.99), maxMs };
  }
  const made = visits.flatMap((v) => v ?? []);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => tailOf(made, q)) as [Tail, Tail, Tail];
  const ms = (tail: Tail) => (tail.ok ? tail.ms : null);
  const interval = (tail: Tail) => (tail.ok ? tail.interval : undefined);
  const refused = [p50, p95, p99].find((tail) => !tail.ok);
  return {
    ...{ p50Ms: ms(p50), p95Ms: ms(p95), p99Ms: ms(p99), maxMs },
    intervals: Object.fromEntries(
      Object.entries({ p50Ms: interval(p50), p95Ms: interval(p95), p99Ms: interval(p99) }).filter(([, i]) => i),
    ),
    ...(refused?.ok === false && { tooShort: tooShortText(refused) }),
  };
}

function tooShortText({ why, needsSeconds }: Extract<Tail, { ok: false }>): string {
  return needsSeconds === null ? why : `${why}, about ${formatSeconds(needsSeconds)} of measured calls`;
}

function figuresOf(group: CellGroup, loaded: readonly LoadedCell[], inputs: ReportInputs): LoadedFigures {
  const { study, conditions } = inputs;
  const slo = sloOfCells(group, inputs);
  const known = group.flatMap((c) => conditions?.get(c.id) ?? []);
  const uses = known.flatMap((c) => c.use ?? []);
  const spanMs = uses.reduce((sum, u) => sum + u.spanMs, 0);
  const peaks = uses.flatMap((u) => u.peakBytes ?? []);
  const most = (shares: readonly number[]) => (shares.length === 0 ? null : Math.max(...shares));
  return {
    ...loadFigures(loaded, slo?.boundMs ?? modeOf(group[0].load).loadGen?.(group[0].load).boundMs ?? null),
    ...(slo && { slo }),
    over: study === undefined ? null : timesPlain(study, group),
    clientCpu: cpuShare(loaded.flatMap(({ data }) => data.visits)),
    serverCpu: spanMs === 0 ? null : uses.reduce((sum, u) => sum + u.cpuMs, 0) / spanMs,
    throttled: most(known.flatMap((c) => c.throttledShare ?? [])),
    memoryBytes: most(peaks),
    stolen: most(known.flatMap((c) => c.stealShare ?? [])),
    queue: queueLength(loaded),
  };
}

/** The strictest SLO that experiments name for some cells. */
function sloOfCells(group: CellGroup, { manifest }: ReportInputs): Slo | undefined {
  const named = (manifest.matrix?.experiments ?? []).filter(({ name }) =>
    group.some((c) => c.experiments?.includes(name) === true),
  );
  return named
    .flatMap(({ slo }) => (slo === undefined ? [] : (sloOf(slo) ?? [])))
    .toSorted((a, b) => a.boundMs - b.boundMs)[0];
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
