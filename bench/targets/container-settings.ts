import { z } from "zod";
import { Inspected, envOf } from "../../infra/gate/inspect.ts";
import { runOn } from "../../infra/hosts/connection/run.ts";
import type { Machine, Server } from "../../infra/outputs.ts";
import type { ReadBack } from "../records/manifest.ts";

/** What the gate's reader has, and what a record's reader asks for besides. */
const Container = Inspected.extend({
  Id: z.string(),
  State: Inspected.shape.State.extend({ Running: z.boolean(), StartedAt: z.string() }),
  HostConfig: Inspected.shape.HostConfig.extend({ NanoCpus: z.number(), Memory: z.number() }),
});

/** Variables by which numeric runtimes are set: they bear on times also where the stack has not set them. */
const RUNTIME = /^(OMP|GOMP|KMP|MKL|OPENBLAS|TF|TENSORFLOW|MODEL)_/;

/** Asks the machine's engine what a server's container really runs with. Never throws: a dead server is a result, not an end. */
export async function readBack(machine: Machine, server: Server): Promise<ReadBack> {
  const command = ["docker", "inspect", "--type", "container", server.container];
  const result = await runOn(machine.ssh, command, { timeoutMs: 20_000 });
  if (result.code !== 0) return { unread: result.stderr.trim() || `docker inspect: exit code ${result.code}` };
  try {
    return parseInspect(result.stdout, Object.keys(server.settings));
  } catch {
    return { unread: "docker inspect printed something else than one container" };
  }
}

/**
 * `docker inspect`'s JSON as the settings that a record's reader asks for. Pure.
 *
 * @param settings names of the server's settings: variables of these names are kept
 * @throws ZodError on another shape
 */
export function parseInspect(json: string, settings: readonly string[]): Exclude<ReadBack, { unread: string }> {
  const [c] = z.tuple([Container]).parse(JSON.parse(json));
  return {
    imageId: c.Image,
    containerId: c.Id,
    startedAt: c.State.StartedAt,
    running: c.State.Running,
    restartCount: c.RestartCount,
    cpuSet: c.HostConfig.CpusetCpus,
    nanoCpus: c.HostConfig.NanoCpus,
    memoryBytes: c.HostConfig.Memory,
    env: Object.fromEntries(Object.entries(envOf(c)).filter(([name]) => RUNTIME.test(name) || settings.includes(name))),
  };
}
