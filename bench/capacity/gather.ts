import type { Cell } from "../matrix/cell.ts";
import { type CallRecord, type JournalRecord, momentsOf } from "../records/records.ts";
import type { ClientWatch } from "../run/agent/protocol.ts";
import type { TailCall } from "../stats/tails/tail.ts";
import type { Step } from "./step.ts";

interface Visit {
  readonly cell: string;
  readonly round: number;
  readonly calls: TailCall[];
  failure?: Step["failure"];
  clientFault?: string;
  /** Milliseconds since 1970, of all calls of the visit. */
  from: number;
  until: number;
}

/** The steps of a run's searches, made from its records: while it goes on, and whenever it is reported. */
export class Steps {
  readonly #visits = new Map<string, Visit>();

  /** One more record, in the order in which they were written. */
  add(record: JournalRecord): void {
    if (record.type === "end" || record.type === "link") return;
    const key = `${record.round} ${record.cell}`;
    const visit = this.#visits.get(key) ?? {
      ...{ cell: record.cell, round: record.round, calls: [], from: Infinity, until: -Infinity },
    };
    this.#visits.set(key, visit);
    if (record.type === "failure") visit.failure = record.error;
    else if (record.type === "visit") {
      const fault = clientFault(record.client);
      if (fault !== undefined) visit.clientFault = fault;
    } else addCall(visit, record);
  }

  /** The steps of one search, first to last. @param cells those of the search */
  of(cells: readonly Cell[]): (Step & { readonly seconds: number })[] {
    const byId = new Map(cells.map((c) => [c.id, c]));
    const own = [...this.#visits.values()].filter((v) => byId.has(v.cell)).sort((a, b) => a.round - b.round);
    return own.map(({ cell, round, calls, failure, clientFault: fault, from, until }) => {
      const { load } = byId.get(cell) as Cell;
      return {
        round,
        ratePerSecond: "ratePerSecond" in load ? Number(load["ratePerSecond"]) : undefined,
        connections: "concurrency" in load ? Number(load["concurrency"]) : 1,
        calls: calls.toSorted((a, b) => a.dueMs - b.dueMs),
        ...(failure !== undefined && { failure }),
        ...(fault !== undefined && { clientFault: fault }),
        seconds: Math.max(0, until - from) / 1000 || 0,
      };
    });
  }
}

function addCall(visit: Visit, call: CallRecord): void {
  const begun = Date.parse(call.at);
  visit.from = Math.min(visit.from, begun);
  visit.until = Math.max(visit.until, begun + call.totalMs - (call.lateMs ?? 0));
  if (call.phase !== "measure" || !call.ok) return;
  visit.calls.push({ dueMs: momentsOf(call)?.dueMs ?? begun - (call.lateMs ?? 0), latencyMs: call.totalMs });
}

/** Beyond this share of one processor the client's own calls wait for each other (as in the rule for generators, stats/load/generator.ts). */
const CPU_SHARE = 0.7;

/** Why the client, and not the server, may have been the limit of a visit; undefined if it was not. */
function clientFault({ spanMs, cpuMs, spunMs }: ClientWatch): string | undefined {
  const share = Math.max(0, (cpuMs ?? 0) - (spunMs ?? 0)) / spanMs;
  return share > CPU_SHARE ? `the client used ${Math.round(100 * share)} % of a processor` : undefined;
}
