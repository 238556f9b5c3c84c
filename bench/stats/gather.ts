import { type CallRecord, type JournalRecord, type VisitRecord, momentsOf } from "../records/records.ts";
import { mean, median } from "./math/quantile.ts";
import {
  type CellData,
  type LoadedCalls,
  PHASES,
  type Phase,
  type ServerMeans,
  type ServerUnknown,
  type Visit,
} from "./visits.ts";

/* From a run's records to the visits of each cell. */

interface OpenVisit {
  readonly round: number;
  readonly totalsMs: number[];
  /** Due time, lag and query of each call, where they are kept. */
  readonly loaded: number[];
  /** Sum of each phase, and of how many calls it was seen. */
  readonly phases: { sum: number; seen: number }[];
  readonly at: number;
  spanMs?: number;
  gcMs?: number;
  server?: ServerMeans | ServerUnknown;
  client?: NonNullable<Visit["client"]>;
  backlogCalls?: number;
  queueMs?: number;
}

interface Gathered {
  readonly visits: OpenVisit[];
  requestBytes: number | null;
  responseBytes: number | null;
  failure?: { code: string; message: string };
  retried: number;
  readonly failed: {
    calls: number;
    failures: number;
    readonly rounds: Set<number>;
    readonly codes: Map<string, number>;
    /** Round of the last failed call: the failure that follows is the same one again. */
    reported: number;
    /** Codes of the failed calls of the last round that had some. */
    last: { readonly round: number; readonly codes: string[] };
  };
}

/**
 * Gathers records in the order they were written, one pass, in memory that grows by eight bytes a call. Cells without any
 * record are absent. Latencies are of measured calls that succeeded; those that failed are counted.
 *
 * @param loaded cells of which `LoadedCalls` are kept: 24 bytes a call more
 */
export async function gatherCells(
  records: AsyncIterable<JournalRecord> | Iterable<JournalRecord>,
  loaded: ReadonlySet<string> = new Set(),
): Promise<Map<string, CellData>> {
  const cells = new Map<string, Gathered>();
  for await (const record of records) {
    if (record.type === "end" || record.type === "link") continue;
    let cell = cells.get(record.cell);
    if (cell === undefined) {
      const failed = {
        calls: 0,
        failures: 0,
        rounds: new Set<number>(),
        codes: new Map<string, number>(),
        reported: -1,
        last: { round: -1, codes: [] },
      };
      cells.set(record.cell, (cell = { visits: [], requestBytes: null, responseBytes: null, retried: 0, failed }));
    }
    if (record.type === "failure") {
      const { code, message, void: isVoid } = record.error;
      cell.failure = { code, message };
      if (isVoid === true) takeOut(cell, record.round);
      addFailed(cell, record.round, record.error.code, "failures");
    } else if (record.type === "visit") addServer(cell.visits.at(-1), record);
    else if (record.type === "call" && record.phase === "measure") {
      if (record.retried === true) cell.retried += 1;
      if (record.ok) add(cell, record, loaded.has(record.cell));
      else addFailed(cell, record.round, record.error?.code ?? "UNKNOWN", "calls");
    }
  }
  return new Map([...cells].map(([id, gathered]) => [id, close(id, gathered)]));
}

function add(cell: Gathered, call: CallRecord, keep: boolean): void {
  let visit = cell.visits.at(-1);
  if (visit?.round !== call.round) {
    visit = {
      round: call.round,
      totalsMs: [],
      loaded: [],
      phases: PHASES.map(() => ({ sum: 0, seen: 0 })),
      at: Date.parse(call.at),
    };
    cell.visits.push(visit);
  }
  visit.totalsMs.push(call.totalMs);
  const moments = keep ? momentsOf(call) : undefined;
  if (moments !== undefined) visit.loaded.push(moments.dueMs, call.lagMs ?? NaN, call.query ?? -1);
  for (const [i, phase] of visit.phases.entries()) {
    const value = call[PHASES[i] as Phase] ?? null;
    if (value === null) continue;
    phase.sum += value;
    phase.seen += 1;
  }
  cell.requestBytes = call.requestBytes;
  cell.responseBytes = call.responseBytes;
  // A later success (a run that was resumed once the server was back) takes the failure away; that there was one stays counted.
  delete cell.failure;
}

/** A void visit: no statistic has its calls, not even as failed ones. */
function takeOut({ visits, failed }: Gathered, round: number): void {
  if (visits.at(-1)?.round === round) visits.pop();
  if (failed.last.round !== round) return;
  for (const code of failed.last.codes.splice(0)) {
    failed.calls -= 1;
    const left = (failed.codes.get(code) ?? 0) - 1;
    if (left > 0) failed.codes.set(code, left);
    else failed.codes.delete(code);
  }
  failed.reported = -1;
}

function addFailed({ failed }: Gathered, round: number, code: string, what: "calls" | "failures"): void {
  failed[what] += 1;
  failed.rounds.add(round);
  if (what === "calls" || failed.reported !== round) failed.codes.set(code, (failed.codes.get(code) ?? 0) + 1);
  failed.reported = what === "calls" ? round : -1;
  if (what === "failures") return;
  if (failed.last.round !== round) failed.last = { round, codes: [] };
  failed.last.codes.push(code);
}

/**
 * A visit's record follows its calls. Where the server counted fewer calls than were made, it was started again meanwhile, or
 * the visit was killed and made again in the same round.
 */
function addServer(visit: OpenVisit | undefined, { round, client, server, backlogCalls }: VisitRecord): void {
  if (visit?.round !== round) return;
  visit.spanMs = client.spanMs;
  visit.gcMs = client.gcMs;
  const { cpuMs, spunMs = 0, stealMs = null } = client;
  if (cpuMs !== undefined) visit.client = { cpuMs, spunMs, stealMs };
  if (backlogCalls !== undefined) visit.backlogCalls = backlogCalls;
  if (server === undefined) return;
  if ("queue" in server && server.queue !== undefined) visit.queueMs = server.queue.sumMs;
  if ("leadIn" in server && server.leadIn === true) return;
  const n = visit.totalsMs.length;
  if ("unread" in server || server.requests.count < n) visit.server = { unknown: "unread" };
  else if (server.requests.count > n) visit.server = { unknown: "others" };
  else
    visit.server = {
      requestMs: server.requests.sumMs / n,
      runMs: server.runs.count === n ? server.runs.sumMs / n : null,
      stepMs: server.requests.stepMs / n,
    };
}

function loadedCalls(figures: readonly number[]): LoadedCalls {
  const every = (at: number) => figures.filter((_, i) => i % 3 === at);
  return {
    dueMs: Float64Array.from(every(0)),
    lagMs: Float64Array.from(every(1)),
    query: Int32Array.from(every(2)),
  };
}

function close(cell: string, { visits: open, failed, retried, ...gathered }: Gathered): CellData {
  const visits = open.map(({ round, totalsMs, phases, loaded, ...more }): Visit => {
    const means = phases.map(({ sum, seen }, i) => [PHASES[i], seen === 0 ? null : sum / seen]);
    const phaseMeansMs = Object.fromEntries(means) as Record<Phase, number | null>;
    const calls = loaded.length === 3 * totalsMs.length ? { calls: loadedCalls(loaded) } : {};
    return {
      ...{ round, n: totalsMs.length, medianMs: median(totalsMs), meanMs: mean(totalsMs), phaseMeansMs },
      ...{ ...more, ...calls },
    };
  });
  const { calls, failures, rounds, codes } = failed;
  const tried = new Set([...rounds, ...visits.map((v) => v.round)]).size;
  return {
    ...{ cell, totalsMs: Float64Array.from(open.flatMap((v) => v.totalsMs)), visits, ...gathered },
    ...(retried > 0 && { retried }),
    ...(rounds.size > 0 && {
      failed: { calls, failures, visits: rounds.size, tried, codes: Object.fromEntries(codes) },
    }),
  };
}
