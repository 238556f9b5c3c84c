import { z } from "zod";
import type { Deployment } from "../../infra/outputs.ts";
import { runOn } from "../../infra/hosts/run.ts";
import type { ReadBack } from "../records/manifest.ts";

const Inspected = z
  .array(
    z.object({
      Id: z.string(),
      Image: z.string(),
      RestartCount: z.number(),
      State: z.object({ Running: z.boolean(), StartedAt: z.string() }),
      Config: z.object({ Env: z.array(z.string()).nullable() }),
      HostConfig: z.object({ CpusetCpus: z.string(), NanoCpus: z.number(), Memory: z.number() }),
    }),
  )
  .length(1);

/** Asks a deployment's engine what its container really runs with. Never throws: a dead server is a result, not an end. */
export async function readBack(deployment: Deployment): Promise<ReadBack> {
  const command = ["docker", "inspect", "--type", "container", deployment.server.container];
  const result = await runOn(deployment.ssh, command, { timeoutMs: 20_000 });
  if (result.code !== 0) return { unread: result.stderr.trim() || `docker inspect: exit code ${result.code}` };
  try {
    return parseInspect(result.stdout);
  } catch {
    return { unread: "docker inspect printed something else than one container" };
  }
}

/** `docker inspect`'s JSON as the settings that a record's reader asks for. Throws a ZodError on another shape. */
export function parseInspect(json: string): ReadBack {
  const [c] = Inspected.parse(JSON.parse(json));
  if (c === undefined) throw new Error("no container");
  return {
    imageId: c.Image,
    containerId: c.Id,
    startedAt: c.State.StartedAt,
    running: c.State.Running,
    restartCount: c.RestartCount,
    cpuSet: c.HostConfig.CpusetCpus,
    nanoCpus: c.HostConfig.NanoCpus,
    memoryBytes: c.HostConfig.Memory,
    env: Object.fromEntries(
      (c.Config.Env ?? [])
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const)
        .filter(([name]) => /^(OMP|KMP|TENSORFLOW|TF|MODEL|MKL)_/.test(name)),
    ),
  };
}
