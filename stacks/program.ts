import { RunError } from "@pulumi/pulumi";
import { declare, prepare } from "../infra/deploy.ts";
import { summary } from "../infra/summary.ts";
import { UserError } from "../lib/errors.ts";
import { stackConfig } from "./config.ts";

/**
 * A stack's program: one machine and the servers that its config puts there. A `UserError` ends it with its own words and no
 * stack trace; anything else is a bug of Lathe and keeps its trace.
 *
 * @returns the stack's outputs: `lathe` is what the bench reads (`infra/outputs.ts`), `servers` what a person wants to
 *   know, a line for each server, `latheSecrets` what clients need to be let in (`infra/outputs.ts`): encrypted, and
 *   undefined where everyone is let in
 */
export async function stackProgram() {
  try {
    const { machine, servers } = await prepare(await stackConfig());
    const { lathe, latheSecrets } = await declare(machine, servers);
    return { lathe, latheSecrets, servers: lathe.apply(summary) };
  } catch (error) {
    throw error instanceof UserError ? new RunError(error.message) : error;
  }
}
