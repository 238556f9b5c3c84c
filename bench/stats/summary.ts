import { carriedQuantile, mean, quantile } from "./math/quantile.ts";
import { type CellData, PHASES, type Phase, failedOf } from "./visits.ts";

export { mean, quantile } from "./math/quantile.ts";

/** What was measured in one cell, and how it ended. Latencies in milliseconds, of measured calls that succeeded. */
export interface CellSummary {
  readonly cell: string;
  /** Measured calls that succeeded. */
  readonly n: number;
  /** Arithmetic mean: what the paper reports. NaN where n is 0. */
  readonly meanMs: number;
  readonly medianMs: number;
  /** Null where n cannot carry it (`carries`). */
  readonly p90Ms: number | null;
  readonly minMs: number;
  readonly maxMs: number;
  /** Mean of each phase; null where the client cannot see it. The means add up to `meanMs` where all are seen. */
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

/** The summary of one cell. */
export function summaryOf(data: CellData): CellSummary {
  const sorted = Float64Array.from(data.totalsMs).sort();
  const phaseMean = (phase: Phase) => {
    const seen = data.visits.flatMap((v) =>
      v.phaseMeansMs[phase] === null ? [] : [{ n: v.n, ms: v.phaseMeansMs[phase] }],
    );
    const n = seen.reduce((sum, v) => sum + v.n, 0);
    return n === 0 ? null : seen.reduce((sum, v) => sum + v.ms * v.n, 0) / n;
  };
  const { calls, failures } = failedOf(data);
  return {
    cell: data.cell,
    n: sorted.length,
    meanMs: mean(data.totalsMs),
    medianMs: quantile(sorted, 0.5),
    p90Ms: carriedQuantile(sorted, 0.9),
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
