import { loadTitle, modeOf } from "../../loads/registry.ts";
import type { RunManifest } from "../../records/manifest.ts";
import { holm } from "../math/holm.ts";
import { median, quantile } from "../math/quantile.ts";
import { incompleteBeta } from "../math/special.ts";
import type { CellData } from "../visits.ts";
import { uniformity } from "./arrivals.ts";

/** The client may let at most one call of a hundred wait longer than this share of the cell's median. */
const LAG = { share: 0.01, calls: 0.01 };
/** So sure must it be that more calls than that waited: one hiccup in thirty calls shows nothing. */
const LAG_LEVEL = 0.05;
/** Share of a processor that the client may use: beyond it calls wait for each other in the client. */
const CPU_SHARE = 0.7;
/** Of runs whose arrivals are as drawn, so many name a cell whose arrivals are not (Holm over all cells). */
const ARRIVALS_LEVEL = 0.01;

/** When a cell's generator was not good enough, for readers. */
export const GENERATOR_RULE =
  "a cell under load is invalid, and its latencies are not reported, if its client was no good generator: if more than 1 % of its calls began later " +
  "than they could by more than 1 % of the cell's median (open loops; binomial test at 5 %), if the client used more than 70 % of a processor without what " +
  "it spends on waiting for the time of a call, or if the times at which random calls came are not distributed as asked for (Anderson and Darling's test " +
  "of the gaps; of runs of a good generator 1 % name a cell, Holm). What counts is when the client acted: a call that waits for a connection is " +
  "late because of the server";

/** Why cells are invalid, by cell; those that are not are absent. */
export function generatorFaults(
  { cells }: Pick<RunManifest, "cells">,
  data: ReadonlyMap<string, CellData>,
): Map<string, readonly string[]> {
  const faults = new Map<string, string[]>();
  const add = (cell: string, why: string) => faults.set(cell, [...(faults.get(cell) ?? []), why]);
  const drawn: { readonly cell: string; readonly load: string; readonly p: number }[] = [];
  for (const { id, load } of cells) {
    const own = data.get(id);
    const mode = modeOf(load);
    if (own === undefined || own.visits.length === 0) continue;
    const lag = mode.isOpen === true ? lagFault(own) : undefined;
    if (lag !== undefined) add(id, lag);
    const cpu = mode.isOpen === true || mode.connections(load) > 1 ? cpuShare(own) : null;
    if (cpu !== null && cpu > CPU_SHARE)
      add(id, `the client used ${(100 * cpu).toFixed(0)} % of a processor, more than ${100 * CPU_SHARE} %`);
    const share = mode.gapShare?.(load);
    if (share !== undefined) drawn.push({ cell: id, load: loadTitle(load), p: uniformity(gapsOf(own).map(share)) });
  }
  const tests = holm(
    drawn.map(({ p }) => p),
    ARRIVALS_LEVEL,
  );
  for (const [i, { cell, load, p }] of drawn.entries())
    if (tests[i]?.rejected === true)
      add(cell, `calls did not come as ${load} asks for (Anderson-Darling test of the gaps, p = ${p.toPrecision(1)})`);
  return faults;
}

function lagFault(data: CellData): string | undefined {
  const lags = Float64Array.from(data.visits.flatMap((v) => (v.calls === undefined ? [] : [...v.calls.lagMs])))
    .filter(Number.isFinite)
    .sort();
  const middle = median(data.totalsMs);
  const late = lags.filter((ms) => ms > LAG.share * middle).length;
  const n = lags.length;
  if (!(late > LAG.calls * n) || incompleteBeta(LAG.calls, late, n - late + 1) > LAG_LEVEL) return undefined;
  const p99 = quantile(lags, 0.99);
  return `the client let calls wait: ${p99.toFixed(2)} ms (p99), more than 1 % of the median of ${middle.toPrecision(3)} ms`;
}

/** Share of a processor that a cell's client used, without waiting for the time of calls; null if it is not known. */
export function cpuShare({ visits }: Pick<CellData, "visits">): number | null {
  const told = visits.flatMap(({ client, spanMs = 0 }) =>
    client === undefined || spanMs === 0 ? [] : [{ client, spanMs }],
  );
  const span = told.reduce((sum, v) => sum + v.spanMs, 0);
  return span === 0 ? null : told.reduce((sum, v) => sum + Math.max(0, v.client.cpuMs - v.client.spunMs), 0) / span;
}

/** The gaps between the times at which the client began calls, or could not for want of a connection alone. */
function gapsOf({ visits }: CellData): number[] {
  return visits.flatMap(({ calls }) => {
    if (calls === undefined) return [];
    const times = calls.dueMs.map((due, i) => due + (calls.lagMs[i] as number)).sort();
    return Array.from(times.subarray(1), (at, i) => at - (times[i] as number));
  });
}
