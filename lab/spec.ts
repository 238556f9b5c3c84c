import { formatCpuList } from "../lib/cpulist.ts";
import { UserError } from "../lib/errors.ts";
import { allowedCpus, parseMachineCpus, planLimits, type HostLimits } from "./hosts/limits.ts";
import { checkName } from "./names.ts";
import { tryRun } from "./run.ts";
import type { Sudo } from "./hosts/user.ts";

/** A host to be made. */
export interface HostSpec {
  /** Its role and its hostname. */
  readonly name: string;
  /** Whether it has a Docker engine. Without one it is a stock Debian, whose apt can install one. Default: true. */
  readonly docker?: boolean;
  /** Default: what `planLimits` gives to the role; for other names all CPUs. */
  readonly limits?: HostLimits;
  /** Default: none. */
  readonly memoryBytes?: number | null;
  /** The user to log in as, and whether they may become root. Default: root. */
  readonly user?: { readonly name: string; readonly sudo: Sudo };
  /** Its sshd's port. Default: 22. */
  readonly sshPort?: number;
  /** Whether it has an IPv6 address beside its IPv4 one. Default: false. */
  readonly ipv6?: boolean;
  /** The only host from which its sshd can be reached; ssh then jumps over that host. Default: any. */
  readonly behind?: string;
}

/** A lab to be made. */
export interface LabSpec {
  readonly name: string;
  /** Default: client, cloud and edge. */
  readonly hosts?: readonly HostSpec[];
  /** Debian packages that its hosts with Docker have besides their own. */
  readonly packages?: readonly string[];
}

/** A host's spec with its defaults filled in. */
export interface PlannedHost extends HostSpec {
  readonly docker: boolean;
  readonly limits: HostLimits;
  readonly memoryBytes: number | null;
}

/** Hosts are numbered from here in the lab's subnet, a /24; the machine is .1, the registry .2. */
export const FIRST_HOST = 11;
const MOST_HOSTS = 254 - FIRST_HOST + 1;

/** Fills in what a spec leaves open, from the CPUs of this machine. @throws UserError with every fault of the spec */
export async function planLab(spec: LabSpec): Promise<PlannedHost[]> {
  const allowed = await allowedCpus();
  const lscpu = await tryRun(["lscpu", "-p=CPU,CORE"]);
  const machine = parseMachineCpus(lscpu.stdout, allowed);
  const roles: Readonly<Record<string, HostLimits>> = planLimits(machine);
  const everything: HostLimits = { cpus: allowed, quotaCpus: null };
  const hosts = spec.hosts ?? [{ name: "client" }, { name: "cloud" }, { name: "edge" }];
  checkName("lab", spec.name);
  for (const host of hosts) checkName("host", host.name);
  if (hosts.length === 0 || hosts.length > MOST_HOSTS) {
    throw new UserError({ what: `lab "${spec.name}": ${hosts.length} hosts`, expected: `1 to ${MOST_HOSTS}` });
  }
  const names = hosts.map((h) => h.name);
  if (new Set(names).size !== names.length)
    throw new UserError({ what: `lab "${spec.name}": two hosts have one name (${names.join(", ")})` });
  for (const { name, behind } of hosts) {
    if (behind === undefined || hosts.some((h) => h.name === behind && h.name !== name)) continue;
    throw new UserError({ what: `host "${name}": behind "${behind}"`, expected: "another host of the lab" });
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
    return { ...host, docker: host.docker ?? true, limits, memoryBytes: host.memoryBytes ?? null };
  });
}
