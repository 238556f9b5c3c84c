import type { BenchRecord, CallRecord } from "../records.ts";
import { quantile } from "./quantile.ts";

export const PHASES = ["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const;
export type Phase = (typeof PHASES)[number];

/** One visit to a cell: its measured calls that succeeded, made one after the other in one round. */
export interface Visit {
  readonly round: number;
  readonly n: number;
  readonly medianMs: number;
  readonly meanMs: number;
  /** Mean of each phase over the visit's calls; null where the client cannot see it. */
  readonly phaseMeansMs: Readonly<Record<Phase, number | null>>;
}

/**
 * The measured calls of one cell, kept small: eight bytes a call and a row a visit, so that a run of a million records
 * fits. A visit is the unit of everything inferred here, because the calls of one visit share the state of machine,
 * caches and network and are not independent; visits of different rounds are far apart in time.
 */
export interface CellData {
  readonly cell: string;
  /** Latencies in the order they were measured; `visits` says how many belong to each visit. */
  readonly totalsMs: Float64Array;
  readonly visits: readonly Visit[];
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  /** Set where the last thing that happened in this cell was a failure. */
  readonly failure?: { readonly code: string; readonly message: string };
}

interface OpenVisit {
  readonly round: number;
  readonly from: number;
  n: number;
  readonly sums: number[];
  readonly seen: number[];
}

interface Gathered {
  totals: number[];
  visits: OpenVisit[];
  failure: { code: string; message: string } | undefined;
  requestBytes: number | null;
  responseBytes: number | null;
}

/**
 * Gathers records in the order they were written, one pass, in memory that grows by eight bytes a call. Cells without any
 * record are absent. Warm-up calls and failed calls count into nothing.
 */
export async function gatherCells(
  records: AsyncIterable<BenchRecord> | Iterable<BenchRecord>,
): Promise<Map<string, CellData>> {
  const cells = new Map<string, Gathered>();
  for await (const record of records) {
    let cell = cells.get(record.cell);
    if (cell === undefined) {
      cell = { totals: [], visits: [], failure: undefined, requestBytes: null, responseBytes: null };
      cells.set(record.cell, cell);
    }
    if (record.type === "failure") cell.failure = record.error;
    else if (record.ok && record.phase === "measure") add(cell, record);
  }
  return new Map([...cells].map(([id, gathered]) => [id, close(id, gathered)]));
}

function add(cell: Gathered, call: CallRecord): void {
  let visit = cell.visits.at(-1);
  if (visit?.round !== call.round) {
    visit = { round: call.round, from: cell.totals.length, n: 0, sums: PHASES.map(() => 0), seen: PHASES.map(() => 0) };
    cell.visits.push(visit);
  }
  visit.n += 1;
  for (const [i, phase] of PHASES.entries()) {
    const value = call[phase];
    if (value === null) continue;
    visit.sums[i] = (visit.sums[i] as number) + value;
    visit.seen[i] = (visit.seen[i] as number) + 1;
  }
  cell.totals.push(call.totalMs);
  cell.requestBytes = call.requestBytes;
  cell.responseBytes = call.responseBytes;
  // A later success (a run that was resumed once the server was back) takes the failure away.
  cell.failure = undefined;
}

function close(cell: string, gathered: Gathered): CellData {
  const totalsMs = Float64Array.from(gathered.totals);
  const visits = gathered.visits.map((v): Visit => {
    const own = totalsMs.slice(v.from, v.from + v.n);
    const sum = own.reduce((a, b) => a + b, 0);
    const means = PHASES.map((phase, i) => {
      const seen = v.seen[i] as number;
      return [phase, seen === 0 ? null : (v.sums[i] as number) / seen];
    });
    return {
      round: v.round,
      n: v.n,
      medianMs: quantile(own.sort(), 0.5),
      meanMs: sum / v.n,
      phaseMeansMs: Object.fromEntries(means) as Record<Phase, number | null>,
    };
  });
  const { requestBytes, responseBytes, failure } = gathered;
  return { cell, totalsMs, visits, requestBytes, responseBytes, ...(failure === undefined ? {} : { failure }) };
}
