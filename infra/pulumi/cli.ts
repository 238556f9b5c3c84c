import { copyFile, mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { StackOutputs } from "../outputs.ts";
import { pulumi, type EngineResult, type Project } from "./engine.ts";

export { pulumi, type EngineResult } from "./engine.ts";

/** A stack of the project, and where the engine keeps its state. */
export interface StackRef extends Project {
  readonly stack: string;
}

/**
 * Makes a folder that is the project to Pulumi, and whose programs are the checkout's: so that stacks which are not the
 * user's (the demo's, the tests') leave no config file in the checkout.
 */
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

/** Like `pulumi`, where only success will do. Throws a `UserError` with what the engine said. */
async function must(ref: Project, args: readonly string[]): Promise<EngineResult> {
  const result = await pulumi(ref, args);
  if (result.code !== 0) throw failed(args, result);
  return result;
}

function failed(args: readonly string[], { output }: EngineResult): UserError {
  return new UserError({ what: `pulumi ${args.join(" ")} failed:\n${errorsOf(output)}` });
}

/** The project's stacks as `pulumi stack ls --json` prints them. */
export async function listStacks(ref: Project): Promise<string> {
  const args = ["stack", "ls", "--json"];
  const result = await pulumi(ref, args);
  if (result.code === 0) return result.stdout;
  if (!/PULUMI_ACCESS_TOKEN|pulumi login/.test(result.output)) throw failed(args, result);
  throw new UserError({
    what: "Pulumi does not know where this user's stacks are kept",
    fix: "npx lathe pulumi login --local (or your own backend)",
  });
}

/** Makes a stack that the backend does not know; whichever is selected stays so. */
export async function initStackOnly(ref: StackRef): Promise<void> {
  await must(ref, ["stack", "init", ref.stack, "--no-select"]);
}

/** Makes the stack if it is not there, and sets its config: full keys or paths (`lathe:ports.grpc`) to text. */
export async function initStack(ref: StackRef, config: Readonly<Record<string, string>>): Promise<void> {
  await must(ref, ["stack", "select", "--create", "--stack", ref.stack]);
  await setConfig(ref, config);
}

/** Sets config values of a stack: full keys or paths (`lathe:ports.grpc`) to text. */
export async function setConfig(ref: StackRef, config: Readonly<Record<string, string>>): Promise<void> {
  const values = Object.entries(config).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  if (values.length > 0) await must(ref, ["config", "set-all", "--path", "--stack", ref.stack, ...values]);
}

/** What `pulumi up` did. */
export interface UpResult extends EngineResult {
  /** Resources by what happened to them: `{ create: 3, same: 8 }`. */
  readonly changes: Readonly<Record<string, number>>;
}

/** `pulumi up`, as it ends: a failure is a value. `refresh` looks at the machine first. */
export async function tryUp(ref: StackRef, options: { readonly refresh?: boolean } = {}): Promise<UpResult> {
  const args = ["up", "--yes", "--skip-preview", "--stack", ref.stack, ...(options.refresh ? ["--refresh"] : [])];
  const result = await pulumi(ref, args);
  return { ...result, changes: changesOf(result.output) };
}

/** `pulumi up` where only success will do; gives what the stack promises to whoever measures it. */
export async function up(ref: StackRef, options: { readonly refresh?: boolean } = {}): Promise<StackOutputs> {
  const result = await tryUp(ref, options);
  if (result.code !== 0) throw new UserError({ what: `stack ${ref.stack} is not up:\n${errorsOf(result.output)}` });
  return outputs(ref);
}

/** `pulumi destroy`, and the stack itself is forgotten. */
export async function destroy(ref: StackRef): Promise<void> {
  await must(ref, ["destroy", "--yes", "--skip-preview", "--stack", ref.stack]);
  await must(ref, ["stack", "rm", "--yes", "--stack", ref.stack]);
}

/** The stack output `lathe`. Throws a `UserError` where the stack is not up. */
export async function outputs(ref: StackRef): Promise<StackOutputs> {
  const { stdout } = await must({ ...ref, onLine: () => {} }, ["stack", "output", "--json", "--stack", ref.stack]);
  const { lathe } = JSON.parse(stdout) as { lathe?: unknown };
  if (lathe === undefined)
    throw new UserError({ what: `stack ${ref.stack} has no servers`, fix: `pulumi up --stack ${ref.stack}` });
  return StackOutputs.parse(lathe);
}

/** The counts under `Resources:` at the end of a run. */
export function changesOf(output: string): Record<string, number> {
  const part = output.slice(output.lastIndexOf("\nResources:"));
  return Object.fromEntries(
    [...part.matchAll(/(\d+) (created|updated|deleted|replaced|unchanged)\b/g)].map(([, count, word = ""]) => [
      word === "unchanged" ? "same" : word.slice(0, -1),
      Number(count),
    ]),
  );
}

/** What a person needs of a failed run: its diagnostics, without the list of resources. */
function errorsOf(output: string): string {
  const start = output.indexOf("\nDiagnostics:");
  return (start < 0 ? output : output.slice(start + "\nDiagnostics:\n".length)).trim();
}
