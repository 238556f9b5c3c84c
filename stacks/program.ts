import { declare, prepare } from "../infra/deploy.ts";
import { runProgram } from "../infra/pulumi/program.ts";
import { summary } from "../infra/summary.ts";
import { stackConfig } from "./config.ts";

/**
 * A stack's program: one machine and the servers that its config puts there.
 *
 * @returns the stack's outputs: `lathe` is what the bench reads (`infra/outputs.ts`), `servers` what a person wants to
 *   know, a line for each server, `latheSecrets` what clients need to be let in (`infra/outputs-access.ts`): encrypted, and
 *   undefined where everyone is let in
 */
export async function stackProgram() {
  const { lathe, latheSecrets } = await runProgram(async () => {
    const { machine, servers } = await prepare(await stackConfig());
    return declare(machine, servers);
  });
  return { lathe, latheSecrets, servers: lathe.apply(summary) };
}
