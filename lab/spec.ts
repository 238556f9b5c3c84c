import { readFile } from "node:fs/promises";
import { UserError } from "../lib/errors.ts";
import { formatCpuList, parseCpuList, parseMachineCpus, planLimits, type HostLimits } from "./hosts/limits.ts";
import { checkName } from "./names.ts";
import { tryRun } from "./run.ts";

/** A host to be made. */
export interface HostSpec {
  /** Its role and its hostname. */
  readonly name: string;
  /** Whether it has a Docker engine; without, it is a stock Debian with sshd. Default: true. */
  readonly docker?: boolean;
  /** Default: what `planLimits` gives to the role; for other names all CPUs. */
  readonly limits?: HostLimits;
  /** Default: none. */
  readonly memoryBytes?: number;
}

/** A lab to be made. */
export interface LabSpec {
  readonly name: string;
  /** Default: client, cloud and edge. */
  readonly hosts?: readonly HostSpec[];
}

/** A host with everything decided. */
export interface PlannedHost {
  readonly name: string;
  readonly docker: boolean;
  readonly limits: HostLimits;
  readonly memoryBytes: number | null;
}

/** Hosts are numbered from here in the lab's subnet; the machine is .1, the registry .2. */
export const FIRST_HOST = 11;

/** Fills in what a spec leaves open, from the CPUs of this machine. @throws UserError with every fault of the spec */
export async function planLab(spec: LabSpec): Promise<PlannedHost[]> {
  const status = await readFile("/proc/self/status", "utf8");
  const allowed = parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "0");
  const lscpu = await tryRun(["lscpu", "-p=CPU,CORE"]);
  const machine = parseMachineCpus(lscpu.stdout, allowed);
  const roles: Readonly<Record<string, HostLimits>> = planLimits(machine);
  const everything: HostLimits = { cpus: allowed, quotaCpus: null };
  const hosts = spec.hosts ?? [{ name: "client" }, { name: "cloud" }, { name: "edge" }];
  checkName("lab", spec.name);
  for (const host of hosts) checkName("host", host.name);
  if (new Set(hosts.map((h) => h.name)).size !== hosts.length) {
    throw new UserError({
      what: `lab "${spec.name}": two hosts have one name (${hosts.map((h) => h.name).join(", ")})`,
    });
  }
  return hosts.map((host) => {
    const limits = host.limits ?? roles[host.name] ?? everything;
    const foreign = limits.cpus.filter((cpu) => !allowed.includes(cpu));
    if (foreign.length > 0 || limits.cpus.length === 0) {
      throw new UserError({
        what: `host "${host.name}": CPUs ${formatCpuList(limits.cpus) || "none"}`,
        expected: `of this machine's ${formatCpuList(allowed)}`,
      });
    }
    return { name: host.name, docker: host.docker ?? true, limits, memoryBytes: host.memoryBytes ?? null };
  });
}
