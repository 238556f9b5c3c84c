import { z } from "zod";
import { type Machine, type Server, StackOutputs, isSameMachine } from "../../infra/outputs.ts";
import { type Fault, UserError, messageOf } from "../../lib/errors.ts";
import { quote } from "../../lib/quote.ts";
import { readText } from "../../lib/read-text.ts";
import { show } from "../../lib/show.ts";
import { flatIssues, issueText, zodFaults } from "../../lib/zod-faults.ts";

/** Runs `pulumi` in the project and returns what it printed. */
export type PulumiCli = (args: readonly string[]) => Promise<string>;

/**
 * The machines and servers of the stacks named, or of every stack that has any.
 *
 * @throws UserError if nothing is deployed, a stack's outputs are not Lathe's, or stacks do not go together
 */
export async function readDeployments(pulumi: PulumiCli, names: readonly string[] | undefined): Promise<Deployed> {
  const sources: Source[] = [];
  for (const stack of names ?? (await deployedStacks(pulumi))) {
    const { lathe } = await outputsOfStack(pulumi, stack);
    const from = `stack "${stack}"`;
    if (lathe !== undefined) sources.push({ from, outputs: ofStack(stack, parseOutputs(lathe, from)) });
    else if (names !== undefined)
      throw new UserError({ what: `${from} has no output "lathe"`, fix: `npx lathe up --stack ${stack}` });
  }
  if (sources.length > 0) return mergeStacks(sources);
  throw new UserError({
    what: "no stack of this project is deployed",
    expected: "at least one machine with a server on it",
    fix: "npx lathe up --stack edge (or npx lathe demo, to see it all on this machine)",
  });
}

/** Its servers say of which stack they are, by the name that Pulumi takes: a program knows only the last part of it. */
function ofStack(stack: string, outputs: StackOutputs): StackOutputs {
  const servers = outputs.servers.map((server) => ({ ...server, access: { ...server.access, stack } }));
  return { ...outputs, servers };
}

/** The same from files that hold a stack's output `lathe` as JSON: for a bench on a machine without Pulumi. */
export async function readOutputFiles(paths: readonly string[]): Promise<Deployed> {
  const read = paths.map(async (path) => {
    const fix = `pulumi stack output lathe --json > ${quote(path)}`;
    const text = await readText(path, { expected: "a file with a stack's output `lathe`", fix });
    return { from: path, outputs: outputsOfText(text, path) };
  });
  return mergeStacks(await Promise.all(read));
}

/** The outputs in the text of such a file; `from` names it in faults. Pure. */
export function outputsOfText(text: string, from: string): StackOutputs {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      what: `${from}: ${messageOf(error)}`,
      expected: "JSON, as `npx lathe pulumi stack output lathe --json`",
    });
  }
  return parseOutputs(value, from);
}

function parseOutputs(value: unknown, from: string): StackOutputs {
  const parsed = StackOutputs.safeParse(value);
  if (parsed.success) return parsed.data;
  const current = StackOutputs.shape.schema.value;
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (typeof schema === "string" && schema !== current)
    throw new UserError({
      what: `${from}: its output lathe is of the schema ${show(schema, 60)}: another version of Lathe has deployed it`,
      expected: `outputs of the schema ${current}`,
      fix: "bring the stack down with the Lathe that brought it up, and up with this one",
    });
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: ["output lathe", ...issue.path] }));
  const advice = { expected: "outputs as this version of Lathe writes them", fix: "npx lathe up" };
  throw new UserError(zodFaults({ issues }, from, advice));
}

async function deployedStacks(pulumi: PulumiCli): Promise<string[]> {
  const form = z.array(z.object({ name: z.string(), resourceCount: z.number().optional() }));
  const list = printedBy("pulumi stack ls --json", form, await pulumi(["stack", "ls", "--json"]));
  return list.filter((s) => (s.resourceCount ?? 1) > 0).map((s) => s.name);
}

async function outputsOfStack(pulumi: PulumiCli, stack: string): Promise<Readonly<Record<string, unknown>>> {
  const printed = await pulumi(["stack", "output", "--json", "--stack", stack]);
  return printedBy(`pulumi stack output --stack ${stack}`, z.record(z.string(), z.unknown()), printed || "{}");
}

/** What `pulumi` printed as JSON; a UserError that names the command where it is something else. */
function printedBy<T extends z.ZodType>(command: string, form: T, text: string): z.output<T> {
  try {
    return form.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? flatIssues(error).map(issueText)[0] : messageOf(error);
    throw new UserError({
      what: `${command} printed something else than expected: ${why}`,
      expected: "JSON, as Pulumi 3 prints it",
      fix: "npx lathe toolchain (which pulumi is used)",
    });
  }
}

/** The machines and servers that there are to measure. */
export interface Deployed {
  /** Ids are unique. Two of them may be one machine all the same: `isSameMachine` says so, and cells between them are local. */
  readonly machines: readonly Machine[];
  /** Ids are unique. */
  readonly servers: readonly Server[];
}

/** A stack's outputs, and where they are from for faults: `stack "edge"`, a file. */
interface Source {
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
 * @throws UserError if machines that are not the same have one id, or two servers do, with all of them at once
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
