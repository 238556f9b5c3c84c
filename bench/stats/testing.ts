import type { BenchRecord } from "../records.ts";
import type { Interval } from "./estimate.ts";
import { mean, median } from "./quantile.ts";
import type { CellData, Phase } from "./visits.ts";

/** A measured call as a record, for tests. */
export function callRecord(
  cell: string,
  round: number,
  totalMs: number,
  phases: Partial<Record<Phase, number | null>> = {},
): BenchRecord {
  return {
    type: "call",
    cell,
    round,
    phase: "measure",
    at: "2026-01-01T00:00:00.000Z",
    ok: true,
    totalMs,
    encodeMs: null,
    sendMs: null,
    waitMs: null,
    receiveMs: null,
    decodeMs: null,
    requestBytes: 5,
    responseBytes: 6,
    ...phases,
  };
}

/** A cell's data from the latencies of its visits, rounds 0, 1, 2 and so on. */
export function cellOf(cell: string, visits: readonly (readonly number[])[]): CellData {
  return {
    cell,
    totalsMs: Float64Array.from(visits.flat()),
    visits: visits.map((calls, round) => ({
      round,
      n: calls.length,
      medianMs: median(calls),
      meanMs: mean(calls),
      phaseMeansMs: { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
    })),
    requestBytes: null,
    responseBytes: null,
  };
}

/** How often intervals hold the truth. */
export function coverageOf(intervals: readonly (Interval | null)[], truth: number): number {
  return intervals.filter((i) => i !== null && i.low <= truth && truth <= i.high).length / intervals.length;
}
