import { spawnSync } from "node:child_process";
import { z } from "zod";
import { UserError, messageOf } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { resolveToolchain } from "../../toolchain/index.ts";

/** Runs `pulumi` in the project and returns what it printed. */
export type PulumiCli = (args: readonly string[]) => string;

/** The real CLI, in the environment of the toolchain. */
export async function pulumiCli(): Promise<PulumiCli> {
  const toolchain = await resolveToolchain();
  return (args) => {
    const result = spawnSync("pulumi", args, {
      cwd: repoRoot,
      env: { ...process.env, ...toolchain.env },
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    if (result.status !== 0)
      throw new UserError({
        what: `pulumi ${args.join(" ")}: ${(result.stderr || result.error?.message || "").trim()}`,
        fix: "npm run pulumi -- stack ls",
      });
    return result.stdout;
  };
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
      fix: "npm run toolchain (which pulumi is used)",
    });
  }
}
