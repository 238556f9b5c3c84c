import { UserError } from "../../../lib/errors.ts";
import type { SshTarget } from "../target.ts";
import { diagnoseCommand, diagnoseSsh } from "./diagnose.ts";
import { runOn, type RunOptions } from "./run.ts";

/**
 * Runs a command on a host where only success will do, and gives its standard output. Throws a `UserError` that says what
 * ssh or the command said. `doing` is what the person asked for: `"deliver model null"`.
 */
export async function mustRunOn(
  target: SshTarget | null,
  command: readonly string[],
  doing: string,
  options: RunOptions = {},
): Promise<string> {
  const result = await runOn(target, command, options);
  if (result.code === 0) return result.stdout;
  if (target !== null && result.code === 255) throw new UserError(diagnoseSsh(target, result.stderr));
  throw new UserError(diagnoseCommand(target, doing, result));
}

/** A POSIX shell script with arguments `$1`, `$2`, … as an argument list. It stops at its first failing command. */
export function script(text: string, ...args: string[]): string[] {
  return ["sh", "-euc", text.trim(), "lathe", ...args];
}
