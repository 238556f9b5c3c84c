import { nameOf } from "../../../infra/hosts/bounds.ts";
import { runOn } from "../../../infra/hosts/connection/run.ts";
import { ID_LABEL, OWNER_LABEL, SERVER_LABEL } from "../../../infra/hosts/labels.ts";
import { containersOf, type Machine, isSameMachine } from "../../../infra/outputs.ts";
import { and } from "../../../lib/words.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { Deployed } from "../deployments.ts";

/* Servers that stand on a run's machines and are not part of the run: nobody freezes them, and what they compute is part of its times. */

/** Containers of one machine that are looked at, and most of them that are named. */
const [MOST, NAMED] = [1000, 5];

/** A line for each container of Lathe's that is up: name, state, stack, deployment, server. */
const LIST = [
  ...["docker", "ps", "--filter", `label=${OWNER_LABEL}`, "--format"],
  ["{{.Names}}", "{{.Status}}", ...[OWNER_LABEL, ID_LABEL, SERVER_LABEL].map((l) => `{{.Label "${l}"}}`)].join("|"),
];

/** Asks a machine's engine; undefined where it does not say. Never rejects. */
async function listed({ ssh }: Machine): Promise<string | undefined> {
  const { code, stdout } = await runOn(ssh, LIST, { timeoutMs: 20_000 });
  return code === 0 ? stdout : undefined;
}

/**
 * What a reader must know of other servers of Lathe's that run on the machines of these cells, a sentence or two for each machine. It
 * only looks: they belong to others.
 *
 * @param ask replaced in tests
 */
export async function serversBeside(
  { machines, servers }: Deployed,
  cells: readonly Pick<Cell, "clientMachine" | "serverMachine">[],
  ask: (machine: Machine) => Promise<string | undefined> = listed,
): Promise<string[]> {
  const used = machines.filter(({ id }) => cells.some((c) => c.clientMachine === id || c.serverMachine === id));
  const once = used.filter((m, i) => used.findIndex((other) => isSameMachine(other, m)) === i);
  const told = once.map(async (machine) => {
    const here = machines.filter((m) => isSameMachine(m, machine)).map(({ id }) => id);
    const own = servers
      .filter((s) => here.includes(s.machineId))
      .flatMap((s) => containersOf(s).map((one) => one.container));
    const others = othersIn((await ask(machine)) ?? "", own);
    return others.length === 0 ? [] : [remarkOf(machine.id, others)];
  });
  return (await Promise.all(told)).flat();
}

/** The servers in what `LIST` printed that run and are none of a run's own containers, each with its stack. Pure. */
export function othersIn(printed: string, own: readonly string[]): string[] {
  const rows = printed.split("\n", MOST).map((line) => {
    const [name = "", state = "", stack = "", ...server] = line.split("|");
    return { name, stack, server: server.join("|"), runs: state.startsWith("Up") && !state.includes("(Paused)") };
  });
  const ours = new Set(rows.filter(({ name }) => own.includes(name)).map(({ server }) => server));
  const others = rows.filter(({ server, runs }) => runs && !ours.has(server));
  // A proxy has the labels of its server, and a longer name.
  return [...Map.groupBy(others, ({ server }) => server).values()].map((of) => {
    const [{ name, stack } = { name: "", stack: "" }] = of.toSorted((a, b) => a.name.length - b.name.length);
    return `${nameOf(name)} (stack ${nameOf(stack)})`;
  });
}

function remarkOf(machine: string, others: readonly string[]): string {
  const more = others.length > NAMED ? [`${others.length - NAMED} more`] : [];
  return (
    `Machine ${machine}: other servers of Lathe's ran there when this run began: ${and([...others.slice(0, NAMED), ...more])}. ` +
    "They are no part of this run and are not frozen: what they compute is part of its times."
  );
}
