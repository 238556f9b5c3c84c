import { ofLog } from "./math/estimate.ts";
import { mean } from "./math/quantile.ts";
import { quantileOver } from "./cells/quantile-intervals.ts";
import { type CellData, PHASES, type Phase, callsByVisit, failedOf, timedVisits } from "./visits.ts";

export { mean, quantile } from "./math/quantile.ts";

/** What was measured in one cell, and how it ended. Latencies in milliseconds, of measured calls that succeeded. */
export interface CellSummary {
  readonly cell: string;
  /** Measured calls that succeeded. */
  readonly n: number;
  /** Mean of the visits' arithmetic means: what the paper reports, each visit weighing the same. NaN if n is 0. */
  readonly meanMs: number;
  /** Geometric mean of the visits' medians, however many visits there are. NaN if n is 0. */
  readonly medianMs: number;
  /** Null if the calls cannot carry it (`quantileOver`). */
  readonly p90Ms: number | null;
  readonly minMs: number;
  readonly maxMs: number;
  /** Mean of each phase; null if the client cannot see it. The means add up to `meanMs` where all are seen. */
  readonly phaseMeansMs: Readonly<Record<Phase, number | null>>;
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  /** Measured calls that failed: no latency is of them. */
  readonly failedCalls: number;
  /** Visits that could not be made or go on, whatever went well later. */
  readonly failures: number;
  /** Set where the last thing that happened in this cell was a failure. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** One summary a cell. */
export function summariesOf(cells: ReadonlyMap<string, CellData>): Map<string, CellSummary> {
  return new Map([...cells].map(([id, data]) => [id, summaryOf(data)]));
}

/** A cell's median: the geometric mean of its visits' medians. */
export function medianMsOf(data: CellData): number {
  const timed = timedVisits(data);
  return timed.length === 0 ? (data.visits[0]?.medianMs ?? NaN) : ofLog(mean(timed.map((v) => Math.log(v.medianMs))));
}

/** The summary of one cell. */
export function summaryOf(data: CellData): CellSummary {
  const sorted = Float64Array.from(data.totalsMs).sort();
  // Each visit weighs the same, so that a visit of slow calls that time cut short counts as much as the others.
  const phaseMean = (phase: Phase) => {
    const seen = data.visits.flatMap((v) => v.phaseMeansMs[phase] ?? []);
    return seen.length === 0 ? null : mean(seen);
  };
  const { calls, failures } = failedOf(data);
  return {
    cell: data.cell,
    n: sorted.length,
    meanMs: mean(data.visits.map((v) => v.meanMs)),
    medianMs: medianMsOf(data),
    p90Ms: quantileOver(callsByVisit(data), 0.9)?.ms ?? null,
    minMs: sorted[0] ?? NaN,
    maxMs: sorted.at(-1) ?? NaN,
    phaseMeansMs: Object.fromEntries(PHASES.map((p) => [p, phaseMean(p)])) as Record<Phase, number | null>,
    requestBytes: data.requestBytes,
    responseBytes: data.responseBytes,
    failedCalls: calls,
    failures,
    ...(data.failure === undefined ? {} : { failure: data.failure }),
  };
}
