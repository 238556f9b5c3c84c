import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import { labPaths } from "../names.ts";
import { plugIn, pluggedIn, removeNetwork, type Place } from "../network/switch.ts";
import { groupPath, hierarchies, killAll, makeGroup, processesOf, removeGroups } from "./cgroups.ts";
import type { HostLimits } from "./limits.ts";

const BOOT_SECONDS = 15;

/** What starting a host needs, besides its root. */
export interface BootPlan extends Place {
  readonly name: string;
  readonly base: string;
  readonly limits: HostLimits;
  readonly memoryBytes: number | null;
  /** Folders of the machine that the host sees: path here, path there, and whether it may only read. */
  readonly binds: readonly (readonly [here: string, there: string, mode?: "ro"])[];
}

/** Starts a host: its network, its cgroups, its first process. Ends first what an earlier start has left. */
export async function bootHost(lab: string, plan: BootPlan): Promise<void> {
  await stopHost(lab, plan.name);
  await plugIn(lab, plan.name, plan);
  await makeGroup(lab, plan.name, { ...plan.limits, memoryBytes: plan.memoryBytes });
  const found = await hierarchies();
  const folder = labPaths(lab).host(plan.name);
  const log = await open(join(folder, "boot.log"), "w");
  const child = spawn("sh", [join(import.meta.dirname, "enter.sh")], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    cwd: "/",
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      LATHE_NAME: plan.name,
      LATHE_HOST: folder,
      LATHE_BASE: plan.base,
      LATHE_NETWORK: labPaths(lab).network(plan.name),
      LATHE_CGROUP_VERSION: String(found[0]?.version ?? 1),
      LATHE_GROUPS: found.map((h) => groupPath(h, lab, plan.name)).join(" "),
      LATHE_HIERARCHIES: found.map((h) => `${basename(h.path)}:${h.options}`).join(" "),
      LATHE_BINDS: plan.binds.map((bind) => bind.join(":")).join(" "),
    },
  });
  child.unref();
  await log.close();
  for (let waitedMs = 0; waitedMs < BOOT_SECONDS * 1000; waitedMs += 50) {
    if ((await initOf(lab, plan.name)) !== undefined) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  const said = (await readFile(join(folder, "boot.log"), "utf8")).trim();
  throw new UserError({ what: `host "${plan.name}" did not start: ${said === "" ? "it said nothing" : said}` });
}

/** Stops a host as a power cut does: every process ends at once, its network is removed. Its disk stays. */
export async function stopHost(lab: string, host: string): Promise<void> {
  await killAll(lab, host);
  await removeNetwork(lab, host);
  await removeGroups(lab, host);
}

/** Whether a host runs and its cable is plugged in. */
export async function hostUp(lab: string, host: string): Promise<boolean> {
  return (await initOf(lab, host)) !== undefined && (await pluggedIn(lab, host));
}

/** The process number of a host's init; undefined if the host is down. Init is number 1 in a process namespace one below ours. */
export async function initOf(lab: string, host: string): Promise<number | undefined> {
  for (const pid of await processesOf(lab, host)) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const numbers = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    if (numbers.length !== 2 || numbers[1] !== "1") continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.split("\0").some((word) => word.endsWith("/lathe-init"))) return pid;
  }
  return undefined;
}
