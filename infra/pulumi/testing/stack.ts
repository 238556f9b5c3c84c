import { UserError } from "../../../lib/errors.ts";
import { StackOutputs } from "../../outputs.ts";
import { errorsOf, must, pulumi, type EngineResult, type StackRef } from "../cli.ts";

/*
 * One stack by `pulumi` itself, for tests. `lathe up` and `lathe down` run many at once: see fleet/.
 */

export * from "../cli.ts";

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
  if (lathe === undefined) {
    throw new UserError({ what: `stack ${ref.stack} has no servers`, fix: `npx lathe up --stack ${ref.stack}` });
  }
  return StackOutputs.parse(lathe);
}

/** The counts under `Resources:` at the end of a run. */
export function changesOf(output: string): Record<string, number> {
  const words: Record<string, string> = {
    created: "create",
    updated: "update",
    deleted: "delete",
    replaced: "replace",
  };
  const part = output.slice(output.lastIndexOf("\nResources:"));
  return Object.fromEntries(
    [...part.matchAll(/(\d+) (created|updated|deleted|replaced|unchanged)\b/g)].map(([, count, word = ""]) => [
      words[word] ?? "same",
      Number(count),
    ]),
  );
}
