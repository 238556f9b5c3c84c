import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Deployment } from "../../infra/outputs.ts";
import { script } from "../../infra/hosts/remote.ts";
import { runOn } from "../../infra/hosts/run.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { AgentBundle } from "../run/agent/bundle.ts";
import { type Delivered, type LatheInfo, type RunManifest, TIMED_REGION } from "../records/manifest.ts";
import { readBack } from "./container-settings.ts";
import { type Setup, parseDelivered } from "./setup-diff.ts";

/** What this checkout is. */
export function latheNow(bundle: AgentBundle): LatheInfo {
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
    agent: bundle.key,
    node: process.version,
  };
}

const LIST = `
cd "$1/.delivered" || exit 1
for version in */*; do if [ -f "$version" ]; then printf '%s %s\\n' "$version" "$(cat "$version")"; fi; done
`;

/** Asks a machine which models were delivered to it. Never throws: a machine that cannot be asked is a result. */
async function delivered({ ssh, workspace }: Deployment): Promise<Delivered> {
  const result = await runOn(ssh, script(LIST, workspace), { timeoutMs: 20_000 });
  if (result.code === 0) return parseDelivered(result.stdout);
  return { unread: result.stderr.trim().split("\n").at(-1) || `exit code ${result.code}` };
}

/** What a run would be measured with now: this checkout, and what the machines say of the servers that it asks. */
export async function setupNow(manifest: RunManifest, bundle: AgentBundle): Promise<Setup> {
  const servers = manifest.deployments.filter((d) => manifest.cells.some((c) => c.serverRole === d.role));
  const ask = async <T>(question: (d: Deployment) => Promise<T>) =>
    Object.fromEntries(await Promise.all(servers.map(async (d) => [d.role, await question(d)] as const)));
  const [containers, models] = await Promise.all([ask(readBack), ask(delivered)]);
  return { lathe: latheNow(bundle), timedRegion: TIMED_REGION, readBack: containers, delivered: models };
}
