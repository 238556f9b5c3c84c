import { setTimeout as sleep } from "node:timers/promises";
import { UserError, type Fault } from "../../lib/errors.ts";
import { PULL_MS, PULL_RETRIES, PULL_RETRY_MS } from "../deadlines.ts";
import { diagnoseCommand, diagnoseSsh } from "../hosts/connection/diagnose.ts";
import { runOn, type RunResult } from "../hosts/connection/run.ts";
import type { SshTarget } from "../hosts/target.ts";
import { imageFault, type ImageKey } from "../images/advice.ts";

/** What docker says where its engine went away under it, or sshd dropped it. */
const AWAY = /unexpected EOF|Cannot connect to the Docker daemon|error during connect|connection reset by peer|^EOF$/im;

/** Said by a command when it begins to pull: what goes wrong after that is the registry's, the network's or the engine's. */
export const PULLING = "@@pulling";

/**
 * Pulls an image onto a host. What was pulled before the engine went away is not pulled again.
 *
 * @param command pulls it; may be run again
 * @throws UserError with what the registry or the engine said, and what to do
 */
export async function pull(
  target: SshTarget | null,
  reference: string,
  key: ImageKey,
  command: readonly string[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const result = await runOn(target, command, { timeoutMs: PULL_MS });
    if (result.code === 0) return;
    if (result.code !== 255 && !result.stdout.startsWith(PULLING))
      throw new UserError(diagnoseCommand(target, "look for the image", result));
    if (!AWAY.test(result.stderr) || attempt > PULL_RETRIES)
      throw new UserError(pullFault(target, reference, key, result));
    await sleep(PULL_RETRY_MS);
  }
}

/** Why an image could not be pulled. Pure. */
export function pullFault(target: SshTarget | null, reference: string, key: ImageKey, result: RunResult): Fault {
  if (target !== null && result.code === 255) return diagnoseSsh(target, result.stderr);
  return (
    imageFault({ target, reference, key, said: result.stderr }) ??
    diagnoseCommand(target, `pull image ${reference}`, result)
  );
}
