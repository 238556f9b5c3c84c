import type { Cell } from "../matrix/cell.ts";
import { type CallRecord, type FailureRecord, type JournalRecord, momentsOf } from "../records/records.ts";
import { visitKey } from "../records/void-visits.ts";
import type { ClientWatch } from "../run/agent/protocol.ts";
import { cpuShare, gapsBetween, visitFaults } from "../stats/load/generator.ts";
import { median } from "../stats/math/quantile.ts";
import type { TailCall } from "../stats/tails/tail.ts";
import { MOST_STEPS } from "./search.ts";
import type { Step } from "./step.ts";

/** A step, and how many seconds its calls took, warm-up included. */
export type TimedStep = Step & { readonly seconds: number };

/** The time that the calls of some steps took. Pure. */
export const secondsOf = (steps: readonly TimedStep[]): number => steps.reduce((sum, step) => sum + step.seconds, 0);

interface Visit {
  readonly cell: string;
  readonly round: number;
  readonly calls: (TailCall & { readonly lagMs: number })[];
  failure?: Step["failure"];
  client?: ClientWatch;
  /** Milliseconds since 1970, of all calls of the visit. */
  from: number;
  until: number;
  /** The same as a step, once it was asked for. */
  step?: TimedStep;
}

/** Makes steps of searches from a run's records: while it goes on, and whenever it is reported. */
export class Steps {
  readonly #visits = new Map<string, Visit>();

  /** Takes one more record, in the order in which they were written. */
  add(record: JournalRecord): void {
    if (record.type === "end" || record.type === "link") return;
    const key = visitKey(record);
    const visit = this.#visits.get(key) ?? {
      ...{ cell: record.cell, round: record.round, calls: [], from: Infinity, until: -Infinity },
    };
    this.#visits.set(key, visit);
    delete visit.step;
    if (record.type === "failure") visit.failure = failureOf(record);
    else if (record.type === "visit") visit.client = record.client;
    else addCall(visit, record);
  }

  /** Whether a visit came to its end. */
  has = ({ id }: Cell, round: number): boolean => isWhole(this.#visits.get(visitKey({ cell: id, round })));

  /**
   * The steps of one search, first to last. A visit that did not come to its end (the bench was killed) is no step: its slowest calls had no
   * answer yet.
   *
   * @param cells those of the search
   */
  of(cells: readonly Cell[]): TimedStep[] {
    const byId = new Map(cells.map((c) => [c.id, c]));
    return [...this.#visits.values()]
      .filter((visit) => byId.has(visit.cell) && isWhole(visit))
      .sort((a, b) => a.round - b.round)
      .map((visit) => (visit.step ??= stepOf(visit, byId.get(visit.cell) as Cell)));
  }
}

const isWhole = (visit: Visit | undefined) => visit?.failure !== undefined || visit?.client !== undefined;

function stepOf(visit: Visit, { load }: Cell): TimedStep {
  const { round, failure, from, until } = visit;
  const calls = visit.calls.toSorted((a, b) => a.dueMs - b.dueMs);
  const fault = clientFault(load, calls, visit.client);
  return {
    round,
    ratePerSecond: "ratePerSecond" in load ? Number(load["ratePerSecond"]) : undefined,
    connections: "concurrency" in load ? Number(load["concurrency"]) : 1,
    calls,
    ...(failure !== undefined && { failure }),
    ...(fault !== undefined && { clientFault: fault }),
    seconds: Math.max(0, until - from) / 1000 || 0,
  };
}

/** A step's failure. Of a void visit it is the client machine's: its calls say nothing of the server. */
function failureOf({ error: { code, message, ...more } }: FailureRecord): NonNullable<Step["failure"]> {
  return { code, message, ...((more.client ?? more.void) === true && { client: true }) };
}

function addCall(visit: Visit, call: CallRecord): void {
  const begun = Date.parse(call.at);
  visit.from = Math.min(visit.from, begun);
  visit.until = Math.max(visit.until, begun + call.totalMs - (call.lateMs ?? 0));
  if (call.phase !== "measure" || !call.ok) return;
  const { dueMs } = momentsOf(call) ?? { dueMs: begun - (call.lateMs ?? 0) };
  visit.calls.push({ dueMs, latencyMs: call.totalMs, lagMs: call.lagMs ?? NaN });
}

/** Why a visit's client was no good generator, by the rule for cells (stats/load/generator.ts); undefined: it was one. */
function clientFault(load: Cell["load"], calls: Visit["calls"], client: ClientWatch | undefined): string | undefined {
  if (client === undefined || calls.length === 0) return undefined;
  const { spanMs, cpuMs, spunMs = 0 } = client;
  const lagsMs = calls.map((c) => c.lagMs);
  const facts = {
    ...{ load, lagsMs, medianMs: median(calls.map((c) => c.latencyMs)) },
    cpuShare: cpuShare(cpuMs === undefined ? [] : [{ spanMs, client: { cpuMs, spunMs } }]),
    gapsMs: lagsMs.every(Number.isFinite)
      ? gapsBetween(
          calls.map((c) => c.dueMs),
          lagsMs,
        )
      : [],
  };
  return visitFaults(facts, MOST_STEPS).join("; ") || undefined;
}
