import { join } from "node:path";
import { exists } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { quote } from "../lib/quote.ts";

/** The project's folder: the one that was named, otherwise the checkout. @throws UserError if it is none */
export async function projectAt(named: string | undefined): Promise<string> {
  if (named === undefined) return repoRoot;
  if (await exists(join(named, "Pulumi.yaml"))) return named;
  throw new UserError({ what: `--project: ${named}`, expected: "a folder with a Pulumi.yaml" });
}

/** A command for some stacks, as a person types it: `npx lathe up --stack edge`. Pure. @param project the folder, if one was named */
export function stackCommand(command: string, stacks: string, project?: string): string {
  return `npx lathe ${command}${project === undefined ? "" : ` --project ${quote(project)}`} --stack ${stacks}`;
}
