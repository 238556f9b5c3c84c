import type { Load } from "../../loads/load.ts";
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

/** What shows whether a client was a good generator: of all visits to a cell, or of one. */
export interface GeneratorFacts {
  readonly load: Load;
  /** How long the client itself let each call wait; NaN where it does not say. Milliseconds, as all times here. */
  readonly lagsMs: readonly number[];
  readonly medianMs: number;
  /** The share of a processor that the client used, without waiting for the time of calls; null: not known. */
  readonly cpuShare: number | null;
  /** The gaps between the times at which the client began calls, or could not for want of a connection alone. */
  readonly gapsMs: readonly number[];
}

/** How long a visit took, and what its client used; ms. */
type ClientUse = { readonly spanMs?: number; readonly client?: { readonly cpuMs: number; readonly spunMs: number } };

/** Why cells are invalid, by cell; those that are not are absent. */
export function generatorFaults(
  { cells }: Pick<RunManifest, "cells">,
  data: ReadonlyMap<string, CellData>,
): Map<string, readonly string[]> {
  const judged = cells.flatMap(({ id, load }) => {
    const own = data.get(id);
    return own === undefined || own.visits.length === 0 ? [] : [{ id, facts: factsOfCell(load, own) }];
  });
  const drawn = judged.flatMap(({ id, facts }) => {
    const p = arrivals(facts);
    return p === undefined ? [] : [{ id, p }];
  });
  const tests = holm(
    drawn.map(({ p }) => p),
    ARRIVALS_LEVEL,
  );
  const notAsDrawn = new Map(drawn.filter((_, i) => tests[i]?.rejected === true).map(({ id, p }) => [id, p]));
  const faults = judged.map(({ id, facts }) => [id, faultsOf(facts, notAsDrawn.get(id))] as const);
  return new Map(faults.filter(([, own]) => own.length > 0));
}

/**
 * Why the client of one visit was no good generator; empty if it was one. Pure.
 *
 * @param visits so many visits are judged, one by one: of good generators, arrivals name one of them in one of a hundred such rows at most
 */
export function visitFaults(facts: GeneratorFacts, visits: number): string[] {
  const p = arrivals(facts);
  return faultsOf(facts, p !== undefined && p * visits <= ARRIVALS_LEVEL ? p : undefined);
}

function factsOfCell(load: Load, data: CellData): GeneratorFacts {
  const calls = data.visits.flatMap((visit) => visit.calls ?? []);
  return {
    load,
    lagsMs: calls.flatMap((c) => [...c.lagMs]),
    medianMs: median(data.totalsMs),
    cpuShare: cpuShare(data.visits),
    gapsMs: calls.flatMap((c) => gapsBetween(c.dueMs, c.lagMs)),
  };
}

/** @param notAsDrawn the p value of arrivals that are not as they were drawn */
function faultsOf(facts: GeneratorFacts, notAsDrawn: number | undefined): string[] {
  const { load, cpuShare: cpu } = facts;
  const mode = modeOf(load);
  const lag = mode.isOpen === true ? lagFault(facts) : undefined;
  const overlaps = mode.isOpen === true || mode.connections(load) > 1;
  return [
    ...(lag === undefined ? [] : [lag]),
    ...(overlaps && cpu !== null && cpu > CPU_SHARE
      ? [`the client used ${(100 * cpu).toFixed(0)} % of a processor, more than ${100 * CPU_SHARE} %`]
      : []),
    ...(notAsDrawn === undefined
      ? []
      : [
          `calls did not come as ${loadTitle(load)} asks for (Anderson-Darling test of the gaps, p = ${notAsDrawn.toPrecision(1)})`,
        ]),
  ];
}

/** How likely gaps like these are if they are as the load draws them; undefined of a load that draws none. */
function arrivals({ load, gapsMs }: GeneratorFacts): number | undefined {
  const share = modeOf(load).gapShare?.(load);
  return share === undefined ? undefined : uniformity(gapsMs.map(share));
}

function lagFault({ lagsMs, medianMs }: GeneratorFacts): string | undefined {
  const lags = Float64Array.from(lagsMs).filter(Number.isFinite).sort();
  const late = lags.filter((ms) => ms > LAG.share * medianMs).length;
  const n = lags.length;
  if (!(late > LAG.calls * n) || incompleteBeta(LAG.calls, late, n - late + 1) > LAG_LEVEL) return undefined;
  const p99 = quantile(lags, 0.99);
  return `the client let calls wait: ${p99.toFixed(2)} ms (p99), more than 1 % of the median of ${medianMs.toPrecision(3)} ms`;
}

/** Share of a processor that visits' client used, without waiting for the time of calls; null if it is not known. */
export function cpuShare(visits: readonly ClientUse[]): number | null {
  const told = visits.flatMap(({ client, spanMs = 0 }) =>
    client === undefined || spanMs === 0 ? [] : [{ client, spanMs }],
  );
  const span = told.reduce((sum, v) => sum + v.spanMs, 0);
  return span === 0 ? null : told.reduce((sum, v) => sum + Math.max(0, v.client.cpuMs - v.client.spunMs), 0) / span;
}

/** The gaps of one visit's calls (`GeneratorFacts.gapsMs`). Pure. */
export function gapsBetween(dueMs: ArrayLike<number>, lagMs: ArrayLike<number>): number[] {
  const times = Float64Array.from(dueMs, (due, i) => due + (lagMs[i] as number)).sort();
  return Array.from(times.subarray(1), (at, i) => at - (times[i] as number));
}
