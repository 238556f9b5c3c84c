import { RunError } from "@pulumi/pulumi";
import { declare, prepare } from "../infra/deploy.ts";
import { summary } from "../infra/summary.ts";
import { UserError } from "../lib/errors.ts";
import { stackConfig } from "./config.ts";

/**
 * A stack's program: a machine and its servers. A `UserError` ends it without a stack trace; all else is a bug of Lathe.
 *
 * @returns the stack's outputs: `lathe` for the bench and `latheSecrets` for clients (`infra/outputs.ts`), `servers` for people
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
