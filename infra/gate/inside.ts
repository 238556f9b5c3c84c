import type { Fault } from "../../lib/errors.ts";
import { formatCpuList, parseCpuList } from "../../lib/cpulist.ts";
import type { HostFacts } from "../hosts/facts.ts";
import { mustRunOn } from "../hosts/connection/remote.ts";
import { runOn } from "../hosts/connection/run.ts";
import type { SshTarget } from "../hosts/target.ts";
import { unequal } from "./inspect.ts";
import type { GateSpec } from "./spec.ts";

/*
 * What the server really got, as the kernel tells inside the container: the CPUs and memory nodes of its first process,
 * that process's environment, and the limits of its control group. `docker inspect` only tells what was asked for.
 */

/** Needs bash alone, which the health test needs too: the server's image may have no other program. */
export const LOOK_INSIDE = String.raw`
shopt -s nullglob
say() { local value; for file in "${"$"}{@:2}"; do
  if { read -r value < "$file"; } 2>/dev/null; then printf '%s %s\n' "$1" "$value"; return; fi
done; }
while read -r name value _; do
  case $name in Cpus_allowed_list:|Mems_allowed_list:) printf '%s %s\n' "$name" "$value";; esac
done < /proc/1/status
at=/sys/fs/cgroup
say memory "$at/memory.max" "$at/memory/memory.limit_in_bytes"
say pids "$at/pids.max" "$at/pids/pids.max"
say quota "$at/cpu.max" "$at/cpu/cpu.cfs_quota_us" "$at/cpu,cpuacct/cpu.cfs_quota_us"
while IFS= read -r -d '' entry; do printf 'env %s\n' "${"$"}{entry//${"$"}'\n'/ }"; done < /proc/1/environ
`;

/** What the first process of a container has. Undefined: the kernel did not tell. */
export interface Inside {
  /** CPUs and memory nodes it may use, as Linux writes lists. */
  readonly cpus: string | undefined;
  readonly nodes: string | undefined;
  readonly memoryBytes: number | undefined;
  readonly pids: number | undefined;
  /** True if a CPU quota of the container's own holds it back. */
  readonly hasQuota: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** Looks from inside the container. Throws a `UserError` where the image has no bash or the container does not run. */
export async function lookInside(target: SshTarget | null, container: string): Promise<Inside> {
  const command = ["docker", "exec", container, "bash", "-c", LOOK_INSIDE];
  return parseInside(await mustRunOn(target, command, `look inside container ${container}`, { timeoutMs: 60_000 }));
}

/** Reads what the script printed. Pure. */
export function parseInside(text: string): Inside {
  const value = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]?.trim();
  const count = (name: string) => {
    const found = value(name);
    return found !== undefined && /^\d+$/.test(found) ? Number(found) : undefined;
  };
  const entries = [...text.matchAll(/^env ([^=\n]+)=(.*)$/gm)].map((m) => [m[1] ?? "", m[2] ?? ""] as const);
  return {
    cpus: value("Cpus_allowed_list:"),
    nodes: value("Mems_allowed_list:"),
    memoryBytes: count("memory"),
    pids: count("pids"),
    hasQuota: /^\d/.test(value("quota") ?? ""),
    env: Object.fromEntries(entries),
  };
}

/** The CPUs that run, as a list. */
export function onlineCpus({ cpu }: HostFacts): number[] {
  return cpu.logical.filter((c) => c.online).map((c) => c.cpu);
}

/** The CPUs that a container has which is not pinned: all that the host's processes may use. */
export function allowedCpus(facts: HostFacts): string {
  const online = onlineCpus(facts);
  return formatCpuList(facts.cpu.allowed.filter((c) => online.includes(c)));
}

/** Where what the server has differs from the plan. Pure. */
export function insideDifferences(found: Inside, plan: GateSpec): Fault[] {
  return unequal([
    ["CPUs", onlineOf(found.cpus, plan), plan.cpus],
    ...(plan.memorySet === "" ? [] : [["memory nodes", found.nodes, plan.memorySet] as const]),
    // Without a controller there is nothing to be read, and nothing was set.
    ...(plan.memoryMiB === null
      ? []
      : [["memory limit in bytes", found.memoryBytes?.toString(), `${plan.memoryMiB * 2 ** 20}`] as const]),
    ...(plan.pidsLimit === null ? [] : [["process limit", found.pids?.toString(), `${plan.pidsLimit}`] as const]),
    ["CPU quota", found.hasQuota ? "set" : "none", "none"],
    ...Object.entries(plan.env).map(([name, value]) => [`variable ${name}`, found.env[name], value] as const),
  ]).map(([what, is, expected]) => ({
    what: `inside container ${plan.container}: ${what}: ${is ?? "unknown"}`,
    expected: `${expected}, as planned`,
    fix: "somebody changed it, or the engine ignores it: docker rm -f the container there, then `npx lathe up --refresh`",
  }));
}

/** The kernel's mask may name CPUs that do not run (`0-127` on a machine with four). */
function onlineOf(cpus: string | undefined, plan: GateSpec): string | undefined {
  if (cpus === undefined) return undefined;
  const online = parseCpuList(plan.onlineCpus);
  return formatCpuList(parseCpuList(cpus).filter((c) => online.includes(c)));
}

/** Needs bash alone. Both generations of control groups count them. */
const OOM_KILLS = String.raw`
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  { while read -r name value _; do if [ "$name" = oom_kill ]; then echo "$value"; fi; done < "$file"; } 2>/dev/null
done
`;

/** How many processes of a running container the kernel has ended for want of memory; 0 where it does not tell. */
export async function oomKills(target: SshTarget | null, container: string): Promise<number> {
  const { stdout } = await runOn(target, ["docker", "exec", container, "bash", "-c", OOM_KILLS], { timeoutMs: 30_000 });
  return Number(/^\d+$/m.exec(stdout)?.[0] ?? 0);
}
