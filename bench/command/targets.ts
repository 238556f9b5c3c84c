import { join } from "node:path";
import { exists } from "../../lib/cache/cached.ts";
import { must } from "../../infra/pulumi/cli.ts";
import { withKept } from "../../infra/pulumi/kept.ts";
import { WrongUse } from "../../lib/errors.ts";
import { nearest } from "../../lib/nearest.ts";
import { repoRoot, typedIn } from "../../lib/paths.ts";
import { listRuns, runDir } from "../records/run-folders.ts";
import { readDeployments, readOutputFiles } from "../targets/deployments.ts";
import type { Deployed } from "../targets/deployments.ts";
import { type SecretsByServer, readSecrets } from "../targets/secrets.ts";
import type { BenchOptions } from "./choices.ts";

const pulumi = async (args: readonly string[]) => (await must({}, args)).stdout;

/** The deployed machines and servers that the options choose. */
export async function deployedNow(options: BenchOptions): Promise<Deployed> {
  if (options.outputs !== undefined) return readOutputFiles(options.outputs);
  try {
    return await readDeployments(pulumi, options.stacks);
  } catch (error) {
    throw await withKept(error);
  }
}

/** Secrets that clients need for protected servers. They are never written down, so a resumed run reads them again. */
export function secretsOf({ servers }: Pick<Deployed, "servers">, options: BenchOptions): Promise<SecretsByServer> {
  return readSecrets(servers, options.outputs === undefined ? pulumi : null);
}

/** The folder in which runs are kept. */
export const runsFolder = (runs: string | undefined): string => runs ?? join(repoRoot, "runs");

/**
 * The folder of the named run, or else of the newest.
 *
 * @throws WrongUse if there is no run of that name
 * @throws UserError if none was named, and there is no run
 */
export async function runNamed(runs: string | undefined, named: string | undefined): Promise<string> {
  const root = runsFolder(runs);
  const dir = await runDir(root, named, typedIn());
  if (named === undefined || (await exists(join(dir, "run.json")))) return dir;
  const known = await listRuns(root);
  const guess = nearest(named, known);
  throw new WrongUse({
    what: `there is no run "${named}"`,
    expected: guess === undefined ? `a run of ${root}, or a run's folder` : `did you mean ${guess}?`,
    fix: `ls ${root}`,
  });
}
