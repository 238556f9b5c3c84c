import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Machine, Server } from "../../infra/outputs.ts";
import { script } from "../../infra/hosts/connection/remote.ts";
import { runOn } from "../../infra/hosts/connection/run.ts";
import { repoRoot } from "../../lib/paths.ts";
import { type Delivered, type LatheInfo, type RunManifest, TIMED_REGION } from "../records/manifest.ts";
import type { Deployed } from "./merge-stacks.ts";
import { readBack } from "./container-settings.ts";
import { type Setup, parseDelivered } from "./setup-diff.ts";

/** The client program that a checkout makes: its content key. */
export interface Agent {
  readonly key: string;
}

/** What this checkout is. */
export function latheNow(agent: Agent): LatheInfo {
  const require = createRequire(import.meta.url);
  const { version } = require("../../package.json") as { version: string };
  const git = (...args: string[]) => {
    const result = spawnSync("git", args, { cwd: repoRoot, encoding: "utf8" });
    return result.status === 0 ? result.stdout.trim() : null;
  };
  const status = git("status", "--porcelain");
  return {
    version,
    commit: git("rev-parse", "HEAD"),
    dirty: status === null ? null : status !== "",
    agent: agent.key,
    node: process.version,
  };
}

const LIST = `
cd "$1/.delivered" || exit 1
for version in */*; do if [ -f "$version" ]; then printf '%s %s\\n' "$version" "$(cat "$version")"; fi; done
`;

/** Asks a machine which models were delivered to a server on it. Never throws: a machine that cannot be asked is a result. */
async function delivered({ ssh }: Machine, { workspace }: Server): Promise<Delivered> {
  const result = await runOn(ssh, script(LIST, workspace), { timeoutMs: 20_000 });
  if (result.code === 0) return parseDelivered(result.stdout);
  return { unread: result.stderr.trim().split("\n").at(-1) || `exit code ${result.code}` };
}

/** What a run would be measured with now: this checkout, and what the machines say of the servers that it asks. */
export async function setupNow(manifest: RunManifest, agent: Agent): Promise<Setup> {
  const ask = <T>(question: (machine: Machine, server: Server) => Promise<T>) =>
    askEach(
      manifest,
      manifest.servers.filter((server) => manifest.cells.some((c) => c.server === server.id)),
      question,
    );
  const [containers, models] = await Promise.all([ask(readBack), ask(delivered)]);
  return { lathe: latheNow(agent), timedRegion: TIMED_REGION, readBack: containers, delivered: models };
}

/** What machines answer to a question on each of some servers, by the server's id. */
export async function askEach<T>(
  { machines }: Pick<Deployed, "machines">,
  servers: readonly Server[],
  question: (machine: Machine, server: Server) => Promise<T>,
): Promise<Record<string, T>> {
  const answers = servers.map(async (server) => {
    const machine = machines.find((m) => m.id === server.machineId);
    if (machine === undefined) throw new Error(`no machine ${server.machineId} is deployed`);
    return [server.id, await question(machine, server)] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}
