import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type Deployment, StackOutputs } from "../../infra/outputs.ts";
import { pulumiAtOnce } from "../../infra/pulumi/engine.ts";
import { UserError, messageOf } from "../../lib/errors.ts";

/** Runs `pulumi` in the project and returns what it printed. */
export type PulumiCli = (args: readonly string[]) => string;

/** The real CLI, in the environment of the toolchain. */
export function pulumiCli(): Promise<PulumiCli> {
  return pulumiAtOnce();
}

/**
 * The deployments of every stack that has any, or of the stacks named.
 *
 * @param names stacks to read; undefined: all of the project that are deployed
 * @throws UserError where nothing is deployed, or a stack's outputs are not Lathe's
 */
export function readDeployments(pulumi: PulumiCli, names: readonly string[] | undefined): Deployment[] {
  const stacks = names ?? deployedStacks(pulumi(["stack", "ls", "--json"]));
  const deployments = stacks.flatMap((stack) => {
    const printed = pulumi(["stack", "output", "--json", "--stack", stack]);
    const outputs = printedBy(
      `pulumi stack output --stack ${stack}`,
      z.record(z.string(), z.unknown()),
      printed || "{}",
    );
    if (outputs["lathe"] === undefined) {
      if (names === undefined) return [];
      throw new UserError({
        what: `stack "${stack}" has no output "lathe"`,
        fix: `npm run pulumi -- up --stack ${stack}`,
      });
    }
    return parseOutputs(outputs["lathe"], `stack "${stack}"`);
  });
  return checkDeployments(deployments);
}

/**
 * Deployments from files that hold a stack's output `lathe` as JSON: for a bench on a machine without Pulumi.
 */
export async function readOutputFiles(paths: readonly string[]): Promise<Deployment[]> {
  const read = await Promise.all(
    paths.map(async (path) => {
      let text: string;
      try {
        text = await readFile(path, "utf8");
      } catch (error) {
        throw new UserError({ what: `${path}: ${messageOf(error)}`, expected: "a file with a stack's output `lathe`" });
      }
      return outputsOfText(text, path);
    }),
  );
  return checkDeployments(read.flat());
}

/** Deployments of the text of such a file. Pure. */
export function outputsOfText(text: string, place: string): Deployment[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      what: `${place}: ${messageOf(error)}`,
      expected: "JSON, as `pulumi stack output lathe --json`",
    });
  }
  return parseOutputs(value, place);
}

/** More faults than this tell nothing more. */
const MOST_FAULTS = 20;

function parseOutputs(value: unknown, place: string): Deployment[] {
  const parsed = StackOutputs.safeParse(value);
  if (parsed.success) return parsed.data.deployments;
  throw new UserError(
    parsed.error.issues.slice(0, MOST_FAULTS).map((issue) => ({
      what: `${place}: output lathe.${issue.path.join(".")}: ${issue.message}`,
      expected: "outputs as this version of Lathe writes them",
      fix: "pulumi up",
    })),
  );
}

function checkDeployments(deployments: readonly Deployment[]): Deployment[] {
  if (deployments.length === 0)
    throw new UserError({
      what: "no stack of this project is deployed",
      expected: "at least one machine with a server on it",
      fix: "npm run pulumi -- up --stack edge (or npm run demo, to see it all on this machine)",
    });
  const roles = deployments.map((d) => d.role);
  const twice = roles.filter((role, i) => roles.indexOf(role) !== i);
  if (twice.length > 0)
    throw new UserError({
      what: `several stacks deploy the role ${[...new Set(twice)].map((r) => `"${r}"`).join(", ")}`,
      expected: "one stack a role",
      fix: "name the stacks to measure: npm run bench -- --stack client,cloud",
    });
  return [...deployments];
}

function deployedStacks(json: string): string[] {
  const form = z.array(z.object({ name: z.string(), resourceCount: z.number().optional() }));
  const list = printedBy("pulumi stack ls --json", form, json);
  return list.filter((s) => (s.resourceCount ?? 1) > 0).map((s) => s.name);
}

/** What `pulumi` printed as JSON; a UserError that names the command where it is something else. */
function printedBy<T extends z.ZodType>(command: string, form: T, text: string): z.output<T> {
  try {
    const parsed = form.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  } catch (error) {
    throw new UserError({
      what: `${command} printed something else than expected: ${messageOf(error)}`,
      expected: "JSON, as Pulumi 3 prints it",
      fix: "npm run toolchain (which pulumi is used)",
    });
  }
}
