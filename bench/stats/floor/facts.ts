import type { Cell } from "../../matrix/cell.ts";
import type { LinkRecord } from "../../records/link-facts.ts";
import type { CallTcp } from "../../run/agent/tcp/facts.ts";
import type { RequestWindow } from "../../../clients/client.ts";
import type { JournalRecord } from "../../records/records.ts";
import { median } from "../math/quantile.ts";
import type { ConnectionState } from "./call.ts";
import { SEGMENT_BYTES } from "./transfer.ts";

/** What records say of the connections of a cell's measured calls; medians over calls. */
export interface CallFacts {
  /** The state of the connection before most calls. */
  readonly connection: ConnectionState;
  /** The congestion window before a call; undefined if the kernel did not tell it. */
  readonly congestionBytes: number | undefined;
  /** The congestion window after calls without losses. */
  readonly grownBytes: number | undefined;
  readonly rtoMs: number | undefined;
  /** How long the client sends nothing between two requests, if calls are made one after the other. */
  readonly idleMs: number;
  /** Share of the calls in which segments were sent again. */
  readonly resent: number;
  /** How many bytes the server's HTTP/2 windows let through at once, and how often a request waited for more; undefined: HTTP/1. */
  readonly window: { readonly bytes: number; readonly waits: number } | undefined;
}

/** What the bench measured of a link while nothing else was sent over it; medians over all measurements. */
export interface WayFacts {
  readonly rttMs: number;
  /** Null: the link has no bandwidth, or none could be measured. */
  readonly mbit: number | null;
}

/** What a run's records say of links. */
export interface LinkFacts {
  /** Each measurement of a link, in the order in which they were made. */
  readonly records: readonly LinkRecord[];
  /** By cell. */
  readonly calls: ReadonlyMap<string, CallFacts>;
  /** By remote cell that goes over no link: the shortest round trip that its connections' kernel has seen. */
  readonly ownRttMs: ReadonlyMap<string, number>;
  way(cell: Pick<Cell, "clientMachine" | "serverMachine" | "link">): WayFacts | undefined;
}

/** What is kept of a call. */
interface SeenCall {
  readonly tcp: CallTcp;
  readonly idleMs: number;
  readonly requestWindow: RequestWindow | undefined;
}

/** Gathers what records say of links while others read them: `watching` passes every record on. */
export class LinkFactsGatherer {
  readonly #records: LinkRecord[] = [];
  /** By cell, and by round. */
  readonly #calls = new Map<string, Map<number, SeenCall[]>>();
  readonly #ownRttMs = new Map<string, number>();
  readonly #ways = new Map<string, { readonly rttMs: number[]; readonly mbit: number[] }>();

  async *watching(records: AsyncIterable<JournalRecord>): AsyncGenerator<JournalRecord> {
    for await (const record of records) {
      this.add(record);
      yield record;
    }
  }

  add(record: JournalRecord): void {
    if (record.type === "link") this.#addWay(record);
    else if (record.type === "visit" && record.minRttMs !== undefined)
      this.#ownRttMs.set(record.cell, Math.min(record.minRttMs, this.#ownRttMs.get(record.cell) ?? Infinity));
    else if (record.type === "call" && record.tcp !== undefined && record.phase === "measure" && record.ok) {
      const { tcp, totalMs, sendMs, requestWindow } = record;
      const rounds = this.#calls.get(record.cell) ?? new Map<number, SeenCall[]>();
      this.#calls.set(record.cell, rounds);
      const seen = { tcp, idleMs: totalMs - (sendMs ?? 0), requestWindow };
      const own = rounds.get(record.round);
      if (own === undefined) rounds.set(record.round, [seen]);
      else own.push(seen);
    } else if (record.type === "failure" && record.error.void === true)
      this.#calls.get(record.cell)?.delete(record.round);
  }

  #addWay(record: LinkRecord): void {
    this.#records.push(record);
    const { measured } = record;
    if ("unread" in measured) return;
    const key = wayKey(record.clientMachine, record.serverMachine, record.link);
    const way = this.#ways.get(key) ?? { rttMs: [], mbit: [] };
    this.#ways.set(key, way);
    way.rttMs.push(measured.rttMs.median);
    if (measured.mbit !== null) way.mbit.push(measured.mbit);
  }

  facts(): LinkFacts {
    const ways = new Map<string, WayFacts>(
      [...this.#ways].map(([key, { rttMs, mbit }]) => [
        key,
        { rttMs: median(rttMs), mbit: mbit.length === 0 ? null : median(mbit) },
      ]),
    );
    return {
      records: this.#records,
      calls: new Map(
        [...this.#calls]
          .filter(([, rounds]) => rounds.size > 0)
          .map(([cell, rounds]) => [cell, callFacts([...rounds.values()].flat())]),
      ),
      ownRttMs: this.#ownRttMs,
      way: ({ clientMachine, serverMachine, link }) =>
        link === undefined ? undefined : ways.get(wayKey(clientMachine, serverMachine, link.name)),
    };
  }
}

const wayKey = (...names: readonly string[]) => JSON.stringify(names);

function callFacts(records: readonly SeenCall[]): CallFacts {
  const tcp = records.map((r) => r.tcp);
  const known = (values: readonly (number | undefined)[]) => {
    const own = values.filter((v) => v !== undefined);
    return own.length === 0 ? undefined : median(own);
  };
  const states = Map.groupBy(tcp, (t) => t.connection);
  const [connection = "warm"] = [...states].sort((a, b) => b[1].length - a[1].length).map(([state]) => state);
  const windows = records.flatMap((r) => r.requestWindow ?? []);
  return {
    connection,
    congestionBytes: known(tcp.map((t) => t.cwndBefore && t.cwndBefore * (t.mss ?? SEGMENT_BYTES))),
    grownBytes: known(tcp.filter((t) => t.retransmits === 0).map((t) => t.cwnd * (t.mss ?? SEGMENT_BYTES))),
    rtoMs: known(tcp.map((t) => t.rtoMs)),
    idleMs: median(records.map((r) => r.idleMs)),
    resent: tcp.filter((t) => t.retransmits > 0).length / tcp.length,
    window:
      windows.length === 0
        ? undefined
        : { bytes: median(windows.map((w) => w.bytes)), waits: median(windows.map((w) => w.waits)) },
  };
}
