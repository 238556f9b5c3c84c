import type { BenchRecord, CallRecord } from "./records.ts";

const PHASES = ["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const;
export type Phase = (typeof PHASES)[number];

/** What was measured in one cell, and how it ended. Latencies in milliseconds, of measured calls that succeeded. */
export interface CellSummary {
  readonly cell: string;
  /** Measured calls that succeeded. */
  readonly n: number;
  /** Arithmetic mean: what the paper reports. NaN where n is 0. */
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Mean of each phase; null where the client cannot see it. The means add up to `meanMs` where all are seen. */
  readonly phaseMeansMs: Readonly<Record<Phase, number | null>>;
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  /** Set where the last thing that happened in this cell was a failure. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/**
 * The q-quantile by linear interpolation between order statistics (Hyndman and Fan's type 7, the default of R and NumPy).
 *
 * @param sorted ascending; NaN where it is empty
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return NaN;
  const h = (sorted.length - 1) * q;
  const low = Math.floor(h);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return a + (b - a) * (h - low);
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

interface Gathered {
  calls: CallRecord[];
  failure: { code: string; message: string } | undefined;
}

/** Gathers records, in the order they were written, into one summary a cell. Cells without any record are absent. */
export async function summarise(
  records: AsyncIterable<BenchRecord> | Iterable<BenchRecord>,
): Promise<Map<string, CellSummary>> {
  const cells = new Map<string, Gathered>();
  for await (const record of records) {
    let cell = cells.get(record.cell);
    if (cell === undefined) cells.set(record.cell, (cell = { calls: [], failure: undefined }));
    if (record.type === "failure") cell.failure = record.error;
    else if (record.ok && record.phase === "measure") {
      cell.calls.push(record);
      // A later success (a run that was resumed once the server was back) takes the failure away.
      cell.failure = undefined;
    }
  }
  return new Map([...cells].map(([id, gathered]) => [id, summary(id, gathered)]));
}

function summary(cell: string, { calls, failure }: Gathered): CellSummary {
  const sorted = Float64Array.from(calls, (c) => c.totalMs).sort();
  const phaseMean = (phase: Phase) => {
    const seen = calls.map((c) => c[phase]).filter((v) => v !== null);
    return seen.length === 0 ? null : mean(seen);
  };
  const last = calls.at(-1);
  return {
    cell,
    n: calls.length,
    meanMs: mean(calls.map((c) => c.totalMs)),
    medianMs: quantile(sorted, 0.5),
    p90Ms: quantile(sorted, 0.9),
    minMs: sorted[0] ?? NaN,
    maxMs: sorted.at(-1) ?? NaN,
    phaseMeansMs: Object.fromEntries(PHASES.map((p) => [p, phaseMean(p)])) as Record<Phase, number | null>,
    requestBytes: last?.requestBytes ?? null,
    responseBytes: last?.responseBytes ?? null,
    ...(failure === undefined ? {} : { failure }),
  };
}
