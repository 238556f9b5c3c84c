import { listening, publishedPorts } from "../hosts/connection/listening.ts";
import { UserError } from "../../lib/errors.ts";
import { FACTS_SCRIPT } from "../hosts/facts/facts-script.ts";
import { sections } from "../hosts/facts/parse-facts.ts";

/**
 * What a host tells a doctor beyond its facts, in the same manner: read-only, one SSH call, sections that are judged here
 * and not there.
 */
export const DOCTOR_SCRIPT = `${FACTS_SCRIPT}${String.raw`
doctor() {
  section sudo
  if [ "$(id -u)" = 0 ]; then echo root
  elif ! command -v sudo >/dev/null 2>&1; then echo none
  elif sudo -n true 2>/dev/null; then echo free
  else echo password; fi
  section disk-docker
  at=; [ "$code" != 0 ] || at=$($limit docker info --format '{{.DockerRootDir}}' 2>/dev/null); [ -n "$at" ] || at=/var/lib/docker
  while [ ! -d "$at" ]; do at=${"$"}{at%/*}; [ -n "$at" ] || at=/; done
  df -Pk "$at"
  section disk-home; df -Pk .
  section available; grep '^MemAvailable' /proc/meminfo
  section load; cat /proc/loadavg
  section listeners; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null
  section containers; [ "$code" != 0 ] || $limit docker ps --format '{{.Names}}|{{.Label "org.lathe.owner"}}|{{.Ports}}' 2>/dev/null
  section governor; cat /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor 2>/dev/null | sort | uniq -c
  section turbo
  say /sys/devices/system/cpu/intel_pstate/no_turbo no_turbo
  say /sys/devices/system/cpu/cpufreq/boost boost
  section doctor-end
}
doctor </dev/null
`}`;

/** What a host told a doctor beyond its facts. Undefined or null: it did not tell. */
export interface Examination {
  /** Whether the SSH user may become root. */
  readonly sudo: "root" | "free" | "password" | "none";
  readonly dockerFreeBytes: number | undefined;
  readonly homeFreeBytes: number | undefined;
  readonly availableBytes: number | undefined;
  /** Processes that were running or waiting, over the last minute. */
  readonly load: number | undefined;
  /** TCP ports that something listens at. */
  readonly listening: readonly number[];
  /** Containers that run, whose they are by Lathe's label (empty: not Lathe's), and the host ports they publish. */
  readonly containers: readonly { readonly name: string; readonly owner: string; readonly ports: readonly number[] }[];
  /** Frequency governors, and how many CPUs have each. */
  readonly governors: readonly { readonly governor: string; readonly cpus: number }[];
  readonly turbo: boolean | undefined;
}

/** Reads what `DOCTOR_SCRIPT` printed after the facts. Pure. @throws UserError where it was cut short */
export function parseExamination(output: string): Examination {
  const all = sections(output);
  if (!all.has("doctor-end")) {
    throw new UserError({
      what: `the host's answer was cut short: ${JSON.stringify(output.slice(-200))}`,
      fix: "try again; if it stays so, look at the login shell's start files there: they must print nothing",
    });
  }
  const text = (name: string) => all.get(name) ?? "";
  const number = (pattern: RegExp, name: string) => {
    const found = pattern.exec(text(name))?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const kib = (found: number | undefined) => (found === undefined ? undefined : found * 1024);
  // File system, blocks, used, available, capacity, mount point: the second line, whose first field may hold spaces.
  const free = (name: string) => kib(number(/\n.*\s\d+\s+\d+\s+(\d+)\s+\d+%\s/, name));
  const noTurbo = number(/^no_turbo (\d)/m, "turbo");
  const boost = number(/^boost (\d)/m, "turbo");
  return {
    sudo: (["root", "free", "password"] as const).find((s) => text("sudo").trim() === s) ?? "none",
    dockerFreeBytes: free("disk-docker"),
    homeFreeBytes: free("disk-home"),
    availableBytes: kib(number(/^MemAvailable:\s*(\d+) kB/m, "available")),
    load: number(/^(\d+\.\d+)/, "load"),
    listening: [...new Set(listening(text("listeners")).map((l) => l.port))].sort((a, b) => a - b),
    containers: [...text("containers").matchAll(/^([^|\n]+)\|([^|\n]*)\|(.*)$/gm)].map(
      ([, name = "", owner = "", ports = ""]) => ({ name, owner, ports: publishedPorts(ports) }),
    ),
    governors: [...text("governor").matchAll(/^\s*(\d+)\s+(\S+)$/gm)].map((m) => ({
      governor: m[2] ?? "",
      cpus: Number(m[1]),
    })),
    turbo: noTurbo !== undefined ? noTurbo === 0 : boost !== undefined ? boost === 1 : undefined,
  };
}
