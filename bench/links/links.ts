import { createHash } from "node:crypto";
import { containersOf, type Machine } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import { type Cell, pairKey } from "../matrix/cell.ts";
import type { LinkRecord } from "../records/link-facts.ts";
import type { RunManifest } from "../records/manifest.ts";
import type { FailureRecord } from "../records/records.ts";
import { type LinkHost, linkHost } from "./host.ts";
import { type Ends, type Laid, layLink } from "./lay.ts";
import { notFelt } from "./measure.ts";

/** The links of a run, one at a time. */
export interface Links {
  /**
   * Lays the link that a cell's calls go over, if it is not there, and undoes the link before it. Each link is measured and recorded
   * after it was laid and before it is undone.
   *
   * @returns pairs of machines (`pairKey`) between which something has changed: their connections must be made anew
   * @throws UserError with why the link cannot be laid
   */
  take(cell: Cell, round: number): Promise<readonly string[]>;
  /** Why the calls that a cell has made since it was taken may not have gone over its link; undefined if they have. */
  lost(cell: Cell): string | undefined;
  /** Undoes what is laid. */
  close(): Promise<void>;
}

/** Cells with the same text are visited together in a round, so that links seldom change; undefined for a cell without a link. Pure. */
export const linkBlock = (cell: Cell): string | undefined =>
  cell.link === undefined ? undefined : `link ${pairKey(cell)} ${cell.link.name}`;

/** The seed of a link's losses: different in each round, the same in runs of the same seed. Pure. */
export function linkSeed(seed: number, cell: Cell, round: number): number {
  const text = JSON.stringify([seed, linkBlock(cell), round]);
  return createHash("sha256").update(text).digest().readUInt32BE();
}

type Deployed = Pick<RunManifest, "machines" | "servers" | "seed">;

/** The functions that open ends and lay links; tests replace them. */
export interface LinkWorld {
  readonly open: typeof linkHost;
  readonly lay: typeof layLink;
}

/** The link that is laid now. */
interface Current {
  readonly key: string;
  readonly pair: string;
  readonly ends: Ends;
  readonly laid: Laid;
  readonly about: Pick<LinkRecord, "type" | "round" | "clientMachine" | "serverMachine" | "link">;
  /** Those that were visited, the last one being the one now. */
  readonly cells: Cell[];
}

const nowOf = ({ cells }: Pick<Current, "cells">) => cells.at(-1) as Cell;

/** The programs at the ends of links, each started when it is first needed. */
function linkHosts(machines: Deployed["machines"], servers: Deployed["servers"], open: typeof linkHost) {
  const machineOf = (id: string): Machine => {
    const machine = machines.find((m) => m.id === id);
    if (machine === undefined) throw new Error(`no machine ${id} is deployed`);
    return machine;
  };
  const hosts = new Map<string, Promise<LinkHost>>();
  const hostOf = (machine: Machine, other: Machine) => {
    const key = `${machine.id}>${other.id}`;
    const own = servers
      .filter((s) => s.machineId === machine.id)
      .flatMap((s) => containersOf(s).map((one) => one.container));
    const opening = (hosts.get(key) ?? Promise.resolve(undefined)).then(async (host) => {
      if (host?.up() === true) return host;
      await host?.close();
      return open(machine, other.address, own);
    });
    hosts.set(key, opening);
    opening.catch(() => hosts.delete(key));
    return opening;
  };
  return {
    async endsOf(cell: Cell): Promise<Ends> {
      const [client, server] = [machineOf(cell.clientMachine), machineOf(cell.serverMachine)];
      return { client, server, hosts: await Promise.all([hostOf(client, server), hostOf(server, client)]) };
    },
    async close() {
      const all = await Promise.allSettled(hosts.values());
      await Promise.all(all.map((one) => (one.status === "fulfilled" ? one.value.close() : Promise.resolve())));
    },
  };
}

/** Measures a link while nothing else is sent over it. */
async function look({ ends, laid, about, cells }: Current, when: LinkRecord["when"]): Promise<LinkRecord> {
  const cell = nowOf({ cells });
  const [near, far] = ends.hosts;
  const [client, server] = await Promise.all([near.forget(), far.forget()]);
  const measured = await near.measure(cell.link as NonNullable<Cell["link"]>, laid.means);
  return {
    ...{ ...about, cell: cell.id, at: new Date().toISOString(), when, means: laid.means },
    ...(laid.seed !== undefined && { seed: laid.seed }),
    ...{ measured, congestion: { client, server } },
  };
}

/** What is recorded of a link after its block: what it was, and, where packets do not go over it any more, that none of its calls counts. */
function afterBlock({ cells }: Current, found: LinkRecord): (LinkRecord | FailureRecord)[] {
  const { link } = nowOf({ cells });
  const why = link && notFelt(link, found.measured);
  // Nobody knows since when.
  if (why === undefined) return [found];
  const message = `link ${found.link}: after its calls ${why}`;
  const { round, at } = found;
  const error = { code: "UNAVAILABLE", message, void: true } as const;
  return [found, ...cells.map(({ id: cell }) => ({ type: "failure" as const, cell, round, at, error }))];
}

/** Lays the links of a run as its visits come, and records them. */
export function linksOf(
  { machines, servers, seed }: Deployed,
  record: (record: LinkRecord | FailureRecord) => void,
  say: (text: string) => void,
  { open, lay }: LinkWorld = { open: linkHost, lay: layLink },
): Links {
  const hosts = linkHosts(machines, servers, open);
  const refused = new Map<string, unknown>();
  let current: Current | undefined;

  /** Measures and undoes the link. If it cannot be measured any more, it is undone all the same. */
  const end = async (): Promise<readonly string[]> => {
    const last = current;
    if (last === undefined) return [];
    current = undefined;
    const found = last.laid.up() ? await look(last, "after").catch(() => undefined) : undefined;
    const packets = await last.laid.undo();
    if (found !== undefined) afterBlock(last, { ...found, ...(packets && { packets }) }).forEach(record);
    return [last.pair];
  };
  const begin = async (cell: Cell, key: string, round: number) => {
    const link = cell.link as NonNullable<Cell["link"]>;
    if (servers.find((s) => s.id === cell.server)?.access.expose === "tunnel")
      throw new UserError({
        what: `link ${link.name}: calls to "${cell.server}" go through a tunnel over this machine, not over the link`,
        expected: "a server that clients reach by its machine's address (lathe:expose address)",
      });
    const ends = await hosts.endsOf(cell);
    const laid = await lay(ends, link, linkSeed(seed, cell, round), say);
    const about = {
      type: "link",
      round,
      clientMachine: cell.clientMachine,
      serverMachine: cell.serverMachine,
    } as const;
    const made: Current = { key, pair: pairKey(cell), ends, laid, about: { ...about, link: link.name }, cells: [cell] };
    try {
      const found = await look(made, "before");
      const why = notFelt(link, found.measured);
      if (why !== undefined) throw new UserError({ what: `link ${link.name}: ${why}` });
      record(found);
    } catch (error) {
      await laid.undo();
      throw error;
    }
    current = made;
  };
  return {
    async take(cell, round) {
      const block = linkBlock(cell);
      const key = block === undefined ? undefined : `${round} ${block}`;
      if (current !== undefined && current.key === key && current.laid.up()) {
        const other = nowOf(current).id !== cell.id;
        if (other) current.cells.push(cell);
        // What TCP has learned in one cell is no part of the next.
        if (other) await Promise.all(current.ends.hosts.map((host) => host.forget()));
        return [];
      }
      const changed = await end();
      if (block === undefined || key === undefined) return changed;
      if (refused.has(block)) throw refused.get(block);
      await begin(cell, key, round).catch((error: unknown) => {
        refused.set(block, error);
        throw error;
      });
      return [...new Set([...changed, pairKey(cell)])];
    },
    lost(cell) {
      if (cell.link === undefined || current === undefined || current.laid.up()) return undefined;
      return `link ${cell.link.name} went away while calls were made: they are not counted`;
    },
    async close() {
      await end().catch(() => []);
      await hosts.close();
    },
  };
}
