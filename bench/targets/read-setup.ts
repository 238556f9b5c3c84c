import { spawnSync } from "node:child_process";
import { z } from "zod";
import { Inspected, envOf } from "../../infra/gate/inspect.ts";
import { containersOf, type Machine, type Server } from "../../infra/outputs.ts";
import { lastLine } from "../../infra/hosts/bounds.ts";
import { script } from "../../infra/hosts/connection/remote.ts";
import { runOn } from "../../infra/hosts/connection/run.ts";
import { repoRoot } from "../../lib/paths.ts";
import { count } from "../../lib/words.ts";
import checkout from "../../package.json" with { type: "json" };
import {
  type ContainerBack,
  type Delivered,
  type LatheInfo,
  type ReadBack,
  type RunManifest,
  TIMED_REGION,
} from "../records/manifest.ts";
import type { Deployed } from "./deployments.ts";
import { type Setup, parseDelivered } from "./setup-diff.ts";

/** What this checkout is, and the client program that it makes. */
export function latheNow(agent: { readonly key: string }): LatheInfo {
  const git = (...args: string[]) => {
    const result = spawnSync("git", args, { cwd: repoRoot, encoding: "utf8" });
    return result.status === 0 ? result.stdout.trim() : null;
  };
  const status = git("status", "--porcelain");
  return {
    version: checkout.version,
    commit: git("rev-parse", "HEAD"),
    dirty: status === null ? null : status !== "",
    agent: agent.key,
    node: process.version,
  };
}

/** What the gate's reader has, and what a record's reader asks for besides. */
const Container = Inspected.extend({
  Id: z.string(),
  State: Inspected.shape.State.extend({ Running: z.boolean(), StartedAt: z.string() }),
  HostConfig: Inspected.shape.HostConfig.extend({ NanoCpus: z.number(), Memory: z.number() }),
});

/** Variables by which numeric runtimes are set: they bear on times also where the stack has not set them. */
const RUNTIME = /^(OMP|GOMP|KMP|MKL|OPENBLAS|TF|TENSORFLOW|MODEL)_/;

/** Asks the machine's engine what a server's containers really run with. Never throws: a dead server is a result, not an end. */
export async function readBack(machine: Machine, server: Server): Promise<ReadBack> {
  const containers = containersOf(server).map(({ container }) => container);
  const command = ["docker", "inspect", "--type", "container", ...containers];
  const result = await runOn(machine.ssh, command, { timeoutMs: 20_000 });
  if (result.code !== 0) return { unread: lastLine(result.stderr) || `docker inspect: exit code ${result.code}` };
  try {
    const [first, ...replicas] = parseInspect(result.stdout, Object.keys(server.settings), containers.length);
    if (first === undefined) throw new Error("no container was asked for");
    return { ...first, ...(replicas.length === 0 ? {} : { replicas }) };
  } catch {
    return { unread: `docker inspect printed something else than ${count(containers.length, "container")}` };
  }
}

/**
 * `docker inspect`'s JSON of so many containers as what a record's reader asks for; `settings` names variables to keep. Pure.
 *
 * @throws ZodError on another shape
 */
export function parseInspect(json: string, settings: readonly string[], containers: number): ContainerBack[] {
  const isKept = (name: string) => RUNTIME.test(name) || settings.includes(name);
  const all = z.array(Container).length(containers).parse(JSON.parse(json));
  return all.map((c) => ({
    imageId: c.Image,
    containerId: c.Id,
    startedAt: c.State.StartedAt,
    running: c.State.Running,
    restartCount: c.RestartCount,
    cpuSet: c.HostConfig.CpusetCpus,
    nanoCpus: c.HostConfig.NanoCpus,
    memoryBytes: c.HostConfig.Memory,
    env: Object.fromEntries(Object.entries(envOf(c)).filter(([name]) => isKept(name))),
  }));
}

const LIST = `
cd "$1/.delivered" || exit 1
for version in */*; do if [ -f "$version" ]; then printf '%s %s\\n' "$version" "$(cat "$version")"; fi; done
`;

/** Asks a machine which models were delivered to a server on it. Never throws: a machine that cannot be asked is a result. */
async function delivered({ ssh }: Machine, { workspace }: Server): Promise<Delivered> {
  const result = await runOn(ssh, script(LIST, workspace), { timeoutMs: 20_000 });
  if (result.code === 0) return parseDelivered(result.stdout);
  return { unread: lastLine(result.stderr) || `exit code ${result.code}` };
}

/** What a run would be measured with now: this checkout, and what the machines say of the servers that it asks. */
export async function setupNow(manifest: RunManifest, agent: { readonly key: string }): Promise<Setup> {
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
