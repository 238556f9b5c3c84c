import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { repoRoot } from "../../lib/paths.ts";
import { engineFault, pulumi, type EngineResult, type Project } from "./engine.ts";

export { pulumi, type EngineResult } from "./engine.ts";

/** A stack of the project, and where the engine keeps its state. */
export interface StackRef extends Project {
  readonly stack: string;
}

/** Makes a folder that is the project to Pulumi: the demo's and the tests' stacks leave no config in the checkout. */
export async function projectFolder(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  await copyFile(join(repoRoot, "Pulumi.yaml"), join(dir, "Pulumi.yaml"));
  // The program's folder is a real one: what the engine starts in it finds the stacks' config beside it (ownership/abandon.ts).
  await mkdir(join(dir, "stacks"), { recursive: true });
  for (const name of ["stacks/index.ts", "infra", "node_modules", "package.json"]) {
    await rm(join(dir, name), { force: true });
    await symlink(join(repoRoot, name), join(dir, name));
  }
  return dir;
}

/** Like `pulumi`, where only success will do. @throws UserError with what the engine printed */
export async function must(ref: Project, args: readonly string[]): Promise<EngineResult> {
  const result = await pulumi(ref, args);
  if (result.code !== 0) throw engineFault(args, errorsOf(result.output));
  return result;
}

/** The project's stacks as `pulumi stack ls --json` prints them. */
export async function listStacks(ref: Project): Promise<string> {
  return (await must(ref, ["stack", "ls", "--json"])).stdout;
}

/** Makes a stack that the backend does not know; whichever is selected stays so. */
export async function initStackOnly(ref: StackRef): Promise<void> {
  await must(ref, ["stack", "init", ref.stack, "--no-select"]);
}

/** Writes a stack's config file; what the engine keeps there beside the config (its salt) stays. */
export async function writeConfig(
  projectDir: string,
  stack: string,
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  const path = join(projectDir, `Pulumi.${stack}.yaml`);
  const before = parse(await readFile(path, "utf8").catch(() => "{}")) as object;
  await writeFile(path, stringify({ ...before, config }));
}

/** What a person needs of a failed run: its diagnostics, without the list of resources. */
export function errorsOf(output: string): string {
  const start = output.indexOf("\nDiagnostics:");
  return (start < 0 ? output : output.slice(start + "\nDiagnostics:\n".length)).trim();
}
