import * as pulumi from "@pulumi/pulumi";
import { runProgram } from "../infra/pulumi/program.ts";
import { summary } from "../infra/summary.ts";
import { devStack } from "./dev.ts";
import { roleStack } from "./role.ts";

/**
 * A stack's program: `dev` is every role on this machine's own Docker engine; a stack of any other name is one machine.
 *
 * @returns the stack's outputs: `lathe` is what the bench reads (`infra/outputs.ts`), `servers` what a person wants to
 *   know, a line for each server, `latheSecrets` what clients need to be let in (`infra/outputs-access.ts`): encrypted, and
 *   undefined where everyone is let in
 */
export async function stackProgram() {
  const { lathe, latheSecrets } = await runProgram(pulumi.getStack() === "dev" ? devStack : roleStack);
  return { lathe, latheSecrets, servers: lathe.apply(summary) };
}
