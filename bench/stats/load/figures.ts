import { modeOf } from "../../loads/registry.ts";
import type { Cell } from "../../matrix/cell.ts";
import { fellBehind } from "../backlog.ts";
import { median } from "../math/quantile.ts";
import type { TailCall } from "../tails/tail.ts";
import { type CellData, type Visit, callsByVisit, failedOf } from "../visits.ts";

/** A cell under load, and what was measured of it. */
export interface LoadedCell {
  readonly cell: Cell;
  readonly data: CellData;
}

/** Figures of cells under load that are not latencies. */
export interface LoadFigures {
  /** Answers a second; null if it is not known. */
  readonly perSecond: number | null;
  /** The share of all measured calls, failed ones included, that was answered within the bound; null without a bound. */
  readonly withinShare: number | null;
  /** Goodput: answers within the bound, a second. */
  readonly goodPerSecond: number | null;
  /** How much latency grew within a visit, milliseconds a second (median over visits); null if there are too few calls. */
  readonly driftMsPerSecond: number | null;
}

/** The figures of cells that differ in their image alone. @param boundMs the SLO's bound, for goodput; null: there is no SLO */
export function loadFigures(cells: readonly LoadedCell[], boundMs: number | null): LoadFigures {
  const perSecond = throughput(cells);
  const within = boundMs === null ? null : withinShare(cells, boundMs);
  const answered = withinShare(cells, Infinity);
  const drifts = cells.flatMap(({ data }) =>
    data.visits.flatMap((v, i) => driftOf(v, callsByVisit(data)[i] ?? []) ?? []),
  );
  return {
    perSecond,
    withinShare: within,
    // `within` is a share of calls, and the throughput counts answers.
    goodPerSecond: perSecond === null || within === null || answered === 0 ? null : (perSecond * within) / answered,
    driftMsPerSecond: drifts.length === 0 ? null : median(drifts),
  };
}

function withinShare(cells: readonly LoadedCell[], boundMs: number): number {
  let [all, within] = [0, 0];
  for (const { data } of cells) {
    all += data.totalsMs.length + failedOf(data).calls;
    for (const ms of data.totalsMs) if (ms < boundMs || boundMs === Infinity) within++;
  }
  return all === 0 ? 0 : within / all;
}

/**
 * Answers a second. In an open loop: the answers after a visit's first one, over the time from the first answer to the last; so calls that were
 * under way before do not count. Otherwise: all answers, over the time from the first call's begin to the last answer.
 */
function throughput(cells: readonly LoadedCell[]): number | null {
  const timed = cells.flatMap(({ cell, data }) => {
    const open = modeOf(cell.load).isOpen === true;
    const latencies = callsByVisit(data);
    return data.visits.flatMap((visit, i) => {
      const ms = answeredMs(visit, latencies[i] ?? [], open);
      const answers = open ? visit.n - 1 : visit.n;
      return answers > 0 && ms > 0 ? [{ answers, ms }] : [];
    });
  });
  const sum = (of: (t: (typeof timed)[number]) => number) => timed.reduce((total, t) => total + of(t), 0);
  return timed.length === 0 ? null : (1000 * sum((t) => t.answers)) / sum((t) => t.ms);
}

/** The time in which a visit's answers came. Old records have no times of calls; there it is the visit's whole time. */
function answeredMs(visit: Visit, latenciesMs: readonly number[], open: boolean): number {
  const { calls, spanMs = 0, meanMs, phaseMeansMs } = visit;
  if (calls === undefined) return open ? spanMs - (meanMs - (phaseMeansMs.lateMs ?? 0)) : spanMs;
  const ends = latenciesMs.map((ms, i) => (calls.dueMs[i] as number) + ms);
  return Math.max(...ends) - Math.min(...(open ? ends : calls.dueMs));
}

/** With fewer times at which calls are due, their thirds are not compared. Calls that are due at once count as one time. */
const LEAST_TIMES = 6;

function driftOf({ calls }: Visit, latenciesMs: readonly number[]): number | undefined {
  // To a tenth of a millisecond: calls of one query are due at once but for the rounding of records.
  if (calls === undefined || new Set(calls.dueMs.map((at) => Math.round(10 * at))).size < LEAST_TIMES) return undefined;
  const ordered = latenciesMs.map((ms, i) => ({ at: calls.dueMs[i] as number, ms })).sort((a, b) => a.at - b.at);
  const third = Math.floor(ordered.length / 3);
  const middle = (own: typeof ordered) => ({ at: median(own.map((c) => c.at)), ms: median(own.map((c) => c.ms)) });
  const [first, last] = [middle(ordered.slice(0, third)), middle(ordered.slice(-third))];
  return last.at > first.at ? (1000 * (last.ms - first.ms)) / (last.at - first.at) : undefined;
}

/** Whether the server of a cell at a rate fell behind. Its latencies then show how long the visits were. */
export function isBehind({ cell, data }: LoadedCell): boolean {
  const judged = data.visits.filter((v) => v.backlogCalls !== undefined);
  const random = modeOf(cell.load).gapShare !== undefined;
  return fellBehind(
    judged.map((v) => v.backlogCalls as number),
    random ? median(judged.map((v) => v.n)) : undefined,
  );
}

/** A cell's calls by visit, for the statistics of tails; undefined for old records, which have no times of calls. */
export function tailCalls({ data }: LoadedCell): readonly (readonly TailCall[])[] | undefined {
  if (data.visits.some((v) => v.calls === undefined)) return undefined;
  const latencies = callsByVisit(data);
  return data.visits.map(({ calls }, i) =>
    (latencies[i] ?? []).map((latencyMs, at) => ({ dueMs: calls?.dueMs[at] ?? NaN, latencyMs })),
  );
}

/** The latency of each query of a cell: that of its slowest call. */
export function queryLatencies({ data }: LoadedCell): number[] {
  const latencies = callsByVisit(data);
  return data.visits.flatMap(({ calls }, i) => {
    const slowest = new Map<number, number>();
    for (const [at, ms] of (latencies[i] ?? []).entries()) {
      const query = calls?.query[at] ?? -1;
      if (query >= 0) slowest.set(query, Math.max(slowest.get(query) ?? 0, ms));
    }
    return [...slowest.values()];
  });
}

/** How many requests waited in the server's own queue on average: their waiting times, over the time of the visits (Little 1961). */
export function queueLength(cells: readonly LoadedCell[]): number | null {
  const told = cells.flatMap(({ data }) =>
    data.visits.flatMap(({ queueMs, spanMs = 0 }) =>
      queueMs === undefined || spanMs === 0 ? [] : [{ queueMs, spanMs }],
    ),
  );
  const span = told.reduce((sum, v) => sum + v.spanMs, 0);
  return span === 0 ? null : told.reduce((sum, v) => sum + v.queueMs, 0) / span;
}
