import { type Machine, type Server, type StackOutputs, isSameMachine } from "../../infra/outputs.ts";
import { type Fault, UserError } from "../../lib/errors.ts";

/** The machines and servers that there are to measure. */
export interface Deployed {
  /** Ids are unique. Two of them may be one machine all the same: `isSameMachine` says so, and cells between them are local. */
  readonly machines: readonly Machine[];
  /** Ids are unique. */
  readonly servers: readonly Server[];
}

/** A stack's outputs, and where they are from for faults: `stack "edge"`, a file. */
export interface Source {
  readonly from: string;
  readonly outputs: StackOutputs;
}

/**
 * The machines and servers of several stacks. Pure.
 *
 * - Machines of one id that are the same machine are one: it is as the first stack has it.
 * - A server that bears its machine's id although others stand there too is called MACHINE/KIND where no other server there
 *   is of its kind or has that id, else MACHINE/STACK.
 *
 * @throws UserError where machines that are not the same have one id, or two servers do, with all of them at once
 */
export function mergeStacks(sources: readonly Source[]): Deployed {
  const faults: Fault[] = [];
  const machines = new Map<string, { from: string; machine: Machine }>();
  for (const { from, outputs } of sources) {
    const { machine } = outputs;
    const other = machines.get(machine.id);
    if (other === undefined) machines.set(machine.id, { from, machine });
    else if (!isSameMachine(other.machine, machine))
      faults.push({
        what: `machine "${machine.id}" is ${whereIs(other.machine)} in ${other.from}, and ${whereIs(machine)} in ${from}`,
        expected: "one machine for each id",
        fix: "give one of them another lathe:role and bring its stack up again, or name the stacks to measure: npx lathe bench --stack client,cloud",
      });
  }
  if (faults.length > 0) throw new UserError(faults);

  const deployed = sources.flatMap((s) => s.outputs.servers);
  const servers = deployed.map((server) => ({ ...server, id: idBeside(server, deployed) }));
  for (const [id, own] of Map.groupBy(servers, (s) => s.id))
    if (own.length > 1)
      faults.push({
        what: `${own.length} servers are called "${id}": of the stacks ${own.map((s) => s.access.stack).join(", ")}`,
        expected: "one server for each id",
        fix: "give them other names in lathe:servers and bring their stacks up again, or name the stacks to measure: npx lathe bench --stack client,cloud",
      });
  if (faults.length > 0) throw new UserError(faults);
  return { machines: [...machines.values()].map((m) => m.machine), servers };
}

/** What a server is called beside the others, by the rule above. */
function idBeside(server: Server, all: readonly Server[]): string {
  const { id, machineId, kind, access } = server;
  const others = all.filter((s) => s.machineId === machineId && s !== server);
  if (id !== machineId || others.length === 0) return id;
  const byKind = `${machineId}/${kind}`;
  return others.some((s) => s.kind === kind || s.id === byKind) ? `${machineId}/${access.stack}` : byKind;
}

const whereIs = ({ ssh, address, facts }: Machine) =>
  `${ssh === null ? "this machine" : ssh.destination} (${facts.hostname}, ${address})`;
