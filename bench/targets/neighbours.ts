import { hostname } from "node:os";
import { containersOf, isSameMachine, type Server } from "../../infra/outputs.ts";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { UserError } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import type { Cell } from "../matrix/cell.ts";
import type { Deployed } from "./deployments.ts";
import { FREEZE_SCRIPT, marksOf } from "./freeze-script.ts";
import { type Talk, openTalk } from "./talk.ts";

/** Servers that stand on one machine, two or more. Stacks may call one machine by several ids. Pure. */
export function neighbourhoods({ machines, servers }: Deployed): readonly (readonly Server[])[] {
  const first = (id: string) => {
    const own = machines.find((m) => m.id === id);
    return own === undefined ? id : (machines.find((m) => isSameMachine(m, own))?.id ?? id);
  };
  return [...Map.groupBy(servers, (s) => first(s.machineId)).values()].filter((own) => own.length > 1);
}

/**
 * What a round visits together, so that servers are seldom frozen and thawed: the cells of one server, if it has neighbours. Every other
 * cell is by itself. Pure.
 */
export function blockOf(deployed: Deployed): (cell: Cell) => string {
  const crowded = new Set(neighbourhoods(deployed).flatMap((own) => own.map((s) => s.id)));
  return (cell) => (crowded.has(cell.server) ? `server ${cell.server}` : `cell ${cell.id}`);
}

/** Whether the process that froze servers may still be measuring: it is another one, on this machine, and lives. */
export function isAtWork(by: string): boolean {
  const [pid = "", host] = by.split(" ");
  if (host !== hostname() || !/^[1-9]\d{0,8}$/.test(pid) || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Lets one server of each machine run at a time. */
export interface Turns {
  /**
   * Thaws a cell's server and freezes its neighbours. Rejects with why that cannot be: its times would be of a machine on which
   * others work too.
   *
   * @returns whether the server was frozen until now, so that connections and caches are cold
   */
  take(cell: Cell): Promise<boolean>;
  /** Thaws all. */
  close(): Promise<void>;
}

interface Machine {
  readonly talk: Talk;
  /** The containers whose turn it is, one after the other. */
  runs: string | undefined;
}

/**
 * Freezes neighbours by a program on each machine, which thaws them when its standard input ends: so they are thawed however the
 * bench ends, a kill and a lost connection among it. Servers that an earlier bench left frozen all the same are thawed first, and said.
 *
 * @param open starts the program; replaced in tests
 */
export function turnsOf(deployed: Deployed, say: (text: string) => void, open = openTalk): Turns {
  const groups = neighbourhoods(deployed);
  const machines = new Map<readonly Server[], Promise<Machine>>();
  const begin = async (group: readonly Server[]): Promise<Machine> => {
    const { ssh } = deployed.machines.find((m) => m.id === group[0]?.machineId) ?? { ssh: null };
    const by = `${process.pid} ${hostname()}`;
    const talk = open(ssh, FREEZE_SCRIPT, [by, ...marksOf(group)]);
    const left = (await talk.next("ready")).flatMap((line) => readLeft(line));
    const atWork = left.find((one) => isAtWork(one.by));
    if (atWork !== undefined) {
      await talk.close();
      throw new UserError({
        what: `another bench (process ${atWork.by.split(" ")[0]}) measures a server beside ${atWork.container}, and has frozen that one meanwhile`,
        fix: "wait for it",
      });
    }
    if (left.length > 0)
      say(
        `A bench that was killed left servers frozen: ${left.map((one) => one.container).join(", ")}. They are thawed.`,
      );
    talk.write("begin");
    await talk.next("begun");
    return { talk, runs: undefined };
  };
  const opened = (group: readonly Server[]) => {
    const known = machines.get(group) ?? begin(group);
    machines.set(group, known);
    known.catch(() => machines.delete(group));
    return known;
  };
  return {
    async take(cell) {
      const group = groups.find((own) => own.some((s) => s.id === cell.server));
      const server = group?.find((s) => s.id === cell.server);
      if (group === undefined || server === undefined) return false;
      const containers = containersOf(server)
        .map((one) => one.container)
        .join(" ");
      const machine = await opened(group);
      if (machine.runs === containers) return false;
      try {
        machine.talk.write(containers);
        const failed = (await machine.talk.next("turned")).find((line) => line.startsWith("failed "));
        if (failed !== undefined) throw cannotFreeze(failed);
      } catch (error) {
        // Whoever comes next begins anew: the program has thawed all when its connection ended.
        machines.delete(group);
        await machine.talk.close();
        throw error;
      }
      const wasFrozen = machine.runs !== undefined;
      machine.runs = containers;
      return wasFrozen;
    },
    async close() {
      const all = await Promise.allSettled(machines.values());
      await Promise.all(all.map((one) => (one.status === "fulfilled" ? one.value.talk.close() : Promise.resolve())));
    },
  };
}

/** A line of the program about a server that was left frozen, and by whom: a process and its machine. */
function readLeft(line: string): readonly { readonly container: string; readonly by: string }[] {
  const found = /^left (\S{1,128}) (.{0,200})$/.exec(line);
  return found === null ? [] : [{ container: found[1] ?? "", by: found[2] ?? "" }];
}

function cannotFreeze(line: string): UserError {
  const [container = "", ...reason] = line.slice("failed ".length).split(" ");
  return new UserError({
    what: `container ${show(container, 60)} cannot be frozen while its neighbour is measured: ${lastLine(reason.join(" "))}`,
    fix: "mend that, or measure with all servers running: npx lathe bench --neighbours running",
  });
}
