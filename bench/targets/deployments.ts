import { readFile } from "node:fs/promises";
import { StackOutputs } from "../../infra/outputs.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import { type Deployed, type Source, mergeStacks } from "./merge-stacks.ts";
import { type PulumiCli, deployedStacks, outputsOfStack } from "./pulumi.ts";

export type { Deployed } from "./merge-stacks.ts";

/**
 * The machines and servers of every stack that has any, or of the stacks named.
 *
 * @param names stacks to read; undefined: all of the project that are deployed
 * @throws UserError where nothing is deployed, a stack's outputs are not Lathe's, or stacks do not go together
 */
export function readDeployments(pulumi: PulumiCli, names: readonly string[] | undefined): Deployed {
  const sources = (names ?? deployedStacks(pulumi)).flatMap((stack): Source[] => {
    const { lathe } = outputsOfStack(pulumi, stack);
    const from = `stack "${stack}"`;
    if (lathe !== undefined) return [{ from, outputs: parseOutputs(lathe, from) }];
    if (names === undefined) return [];
    throw new UserError({ what: `${from} has no output "lathe"`, fix: `npx lathe pulumi up --stack ${stack}` });
  });
  if (sources.length > 0) return mergeStacks(sources);
  throw new UserError({
    what: "no stack of this project is deployed",
    expected: "at least one machine with a server on it",
    fix: "npx lathe pulumi up --stack edge (or npx lathe demo, to see it all on this machine)",
  });
}

/** The same from files that hold a stack's output `lathe` as JSON: for a bench on a machine without Pulumi. */
export async function readOutputFiles(paths: readonly string[]): Promise<Deployed> {
  const read = paths.map(async (path) => {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      throw new UserError({ what: `${path}: ${messageOf(error)}`, expected: "a file with a stack's output `lathe`" });
    });
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
      expected: "JSON, as `pulumi stack output lathe --json`",
    });
  }
  return parseOutputs(value, from);
}

/** More faults than this tell nothing more. */
const MOST_FAULTS = 20;

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
  throw new UserError(
    parsed.error.issues.slice(0, MOST_FAULTS).map((issue) => ({
      what: `${from}: output lathe.${issue.path.join(".")}: ${issue.message}`,
      expected: "outputs as this version of Lathe writes them",
      fix: "pulumi up",
    })),
  );
}
