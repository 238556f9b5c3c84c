import { z } from "zod";
import { pulumiAtOnce } from "../../infra/pulumi/engine.ts";
import { UserError, messageOf } from "../../lib/errors.ts";

/** Runs `pulumi` in the project and returns what it printed. */
export type PulumiCli = (args: readonly string[]) => string;

/** The real CLI, in the environment of the toolchain. */
export function pulumiCli(): Promise<PulumiCli> {
  return pulumiAtOnce();
}

/** Names of the project's stacks that are deployed. */
export function deployedStacks(pulumi: PulumiCli): string[] {
  const form = z.array(z.object({ name: z.string(), resourceCount: z.number().optional() }));
  const list = printedBy("pulumi stack ls --json", form, pulumi(["stack", "ls", "--json"]));
  return list.filter((s) => (s.resourceCount ?? 1) > 0).map((s) => s.name);
}

/** All outputs of a stack, by name. */
export function outputsOfStack(pulumi: PulumiCli, stack: string): Readonly<Record<string, unknown>> {
  const printed = pulumi(["stack", "output", "--json", "--stack", stack]);
  return printedBy(`pulumi stack output --stack ${stack}`, z.record(z.string(), z.unknown()), printed || "{}");
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
      fix: "npx lathe toolchain (which pulumi is used)",
    });
  }
}
