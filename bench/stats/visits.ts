import { type CallRecord, type JournalRecord, type VisitRecord, momentsOf } from "../records/records.ts";
import { mean, median } from "./math/quantile.ts";

/** What a call's whole is made of. `lateMs`: of an open loop, from when it was due until it began; null in closed loops. */
export const PHASES = ["lateMs", "encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const;
export type Phase = (typeof PHASES)[number];

/** Shortest time whose logarithm counts, milliseconds: clocks are no finer, and one that says 0 means less than its step. */
export const FLOOR_MS = 1e-3;

/** The logarithm of a latency. */
export const logOfMs = (ms: number): number => Math.log(Math.max(FLOOR_MS, ms));

/** One visit to a cell: its measured calls that succeeded, made one after the other in one round. */
export interface Visit {
  readonly round: number;
  readonly n: number;
  readonly medianMs: number;
  readonly meanMs: number;
  /** Mean of each phase over the visit's calls; null if the client cannot see it. */
  readonly phaseMeansMs: Readonly<Record<Phase, number | null>>;
  /** When its first call began: the client machine's wall clock, milliseconds since 1970. For reading, not for arithmetic with latencies. */
  readonly at?: number;
  /** From the begin of its first call to the end of its last one, and how long the client's garbage collection stopped it. */
  readonly spanMs?: number;
  readonly gcMs?: number;
  /** What the server's own clock says of these very calls; absent where it was not read. */
  readonly server?: ServerMeans | ServerUnknown;
  /** Of cells under load: its calls one by one, in the order of `totalsMs`. */
  readonly calls?: LoadedCalls;
  /** What the client's process used, lead-in included, ms; absent in records from before it was read. */
  readonly client?: { readonly cpuMs: number; readonly spunMs: number; readonly stealMs: number | null };
  /** As `VisitRecord` has it. */
  readonly backlogCalls?: number;
  /** How long requests waited in the server's own queue meanwhile, summed over them, lead-in included, ms; absent where it does not tell. */
  readonly queueMs?: number;
}

/** The calls of a visit under load. */
export interface LoadedCalls {
  /** When each was due, from the begin of the visit's load on; of a closed loop, when it began. */
  readonly dueMs: Float64Array;
  /** How long the client itself let each wait; NaN where it was due when the client came to it. */
  readonly lagMs: Float64Array;
  /** Which query each is part of; -1: none. */
  readonly query: Int32Array;
}

/** Means over a visit's calls by the server's own clock, milliseconds. */
export interface ServerMeans {
  /** From when the protocol's library handed the request over until the answer was handed back. */
  readonly requestMs: number;
  /** The model's own run; null if the server counted other runs of it, too. */
  readonly runMs: number | null;
  /** Sums are printed with so many digits that a mean is good to this. */
  readonly stepMs: number;
}

/** Why a server's clock says nothing of a visit's calls alone. `others`: it answered other calls meanwhile. */
export interface ServerUnknown {
  readonly unknown: "others" | "unread";
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
  /** What failed in this cell, whatever went well later; absent where nothing did. */
  readonly failed?: Failed;
  /** Measured calls that the client made a second time, because the server had not begun them; absent where there is none. */
  readonly retried?: number;
}

/** The visits whose time the clock saw. One whose calls all took 0 ms has no ratio to any other. */
export function timedVisits({ visits }: CellData): readonly Visit[] {
  return visits.filter((v) => v.medianMs > 0 && Number.isFinite(v.medianMs));
}

/** Whether a cell has a visit of which a time is known. */
export const isTimed = (data: CellData | undefined): boolean => data !== undefined && timedVisits(data).length > 0;

/** A cell's measured calls, visit by visit. */
export function callsByVisit({ totalsMs, visits }: CellData): readonly (readonly number[])[] {
  let from = 0;
  return visits.map(({ n }) => Array.from(totalsMs.subarray(from, (from += n))));
}

/** What went wrong in a cell, over all its sessions. The latencies beside it are of the calls that went well alone. */
export interface Failed {
  /** Measured calls that failed. */
  readonly calls: number;
  /** Visits that could not be made or go on. */
  readonly failures: number;
  /** Rounds in which either happened. */
  readonly visits: number;
  /** Rounds in which the cell was visited at all. */
  readonly tried: number;
  /** How often each code was met, of failed calls, and of failures without a failed call. */
  readonly codes: Readonly<Record<string, number>>;
}

/** What failed in a cell; all zero but `tried` where nothing did. */
export function failedOf({ failed, visits }: CellData): Failed {
  return failed ?? { calls: 0, failures: 0, visits: 0, tried: visits.length, codes: {} };
}

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
      };
      cells.set(record.cell, (cell = { visits: [], requestBytes: null, responseBytes: null, retried: 0, failed }));
    }
    if (record.type === "failure") {
      const { code, message, void: isVoid } = record.error;
      cell.failure = { code, message };
      if (isVoid === true && cell.visits.at(-1)?.round === record.round) cell.visits.pop();
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

function addFailed({ failed }: Gathered, round: number, code: string, what: "calls" | "failures"): void {
  failed[what] += 1;
  failed.rounds.add(round);
  if (what === "calls" || failed.reported !== round) failed.codes.set(code, (failed.codes.get(code) ?? 0) + 1);
  failed.reported = what === "calls" ? round : -1;
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
