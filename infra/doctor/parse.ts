import { atMost, bytesOf, MOST_CONTAINERS, nameOf } from "../hosts/bounds.ts";
import { listening, publishedPorts, type PortRange } from "../hosts/connection/listening.ts";
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
  at=; [ "$code" != 0 ] || at=$($limit docker info --format '{{.DockerRootDir}}' 2>/dev/null); [ -n "$at" ] || at=/var/lib/docker
  section docker-root; printf '%s\n' "$at"
  section disk-docker
  while [ ! -d "$at" ]; do at=${"$"}{at%/*}; [ -n "$at" ] || at=/; done
  df -Pk "$at"
  section disk-home; df -Pk .
  section mounts; cat /proc/self/mountinfo
  section flags; grep -m 1 -iE '^(flags|features)' /proc/cpuinfo
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
  /** The engine's own folder. */
  readonly dockerRoot: string;
  readonly dockerFreeBytes: number | undefined;
  readonly homeFreeBytes: number | undefined;
  /** Where file systems are mounted, each with its options, in the order in which they came. */
  readonly mounts: readonly Mount[];
  /** The engine's architecture, as Docker names it: a 32-bit system may run on a 64-bit kernel. */
  readonly engineArch: string | undefined;
  /** What its processor can, as /proc/cpuinfo names it. */
  readonly flags: ReadonlySet<string> | undefined;
  readonly availableBytes: number | undefined;
  /** Processes that were running or waiting, over the last minute. */
  readonly load: number | undefined;
  /** TCP ports that something listens at. */
  readonly listening: readonly number[];
  /** Containers that run, whose they are by Lathe's label (empty: not Lathe's), and the host ports they publish. */
  readonly containers: readonly {
    readonly name: string;
    readonly owner: string;
    readonly ports: readonly PortRange[];
  }[];
  /** Frequency governors, and how many CPUs have each. */
  readonly governors: readonly { readonly governor: string; readonly cpus: number }[];
  readonly turbo: boolean | undefined;
}

/** A mounted file system. */
export interface Mount {
  readonly path: string;
  readonly options: readonly string[];
}

/** Characters of `df`'s line that are looked at: a path may have 4096. */
const MOST_LINE = 8192;
const MOST_MOUNTS = 20_000;
const MOST_GOVERNORS = 100;

/** Reads what `DOCTOR_SCRIPT` printed after the facts. Pure. @throws UserError if it was cut short, or is more than can be */
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
    const found = Number(pattern.exec(text(name))?.[1]);
    return Number.isFinite(found) ? found : undefined;
  };
  const noTurbo = number(/^no_turbo (\d)/m, "turbo");
  const boost = number(/^boost (\d)/m, "turbo");
  const flags = /^(?:flags|features)[ \t]*:(.*)/i.exec(text("flags"))?.[1];
  const containers = [...text("containers").matchAll(/^([^|\n]+)\|([^|\n]*)\|(.*)$/gm)];
  const governors = [...text("governor").matchAll(/^[ \t]*(\d{1,6})[ \t]+(\S+)$/gm)];
  return {
    sudo: (["root", "free", "password"] as const).find((s) => text("sudo").trim() === s) ?? "none",
    dockerRoot: nameOf(text("docker-root").split("\n", 1)[0] ?? ""),
    dockerFreeBytes: freeBytes(text("disk-docker")),
    homeFreeBytes: freeBytes(text("disk-home")),
    mounts: mountsOf(text("mounts")),
    engineArch: /^arch (\S{1,50})$/m.exec(text("docker"))?.[1],
    flags: flags === undefined ? undefined : new Set(flags.trim().split(/\s+/)),
    availableBytes: bytesOf((number(/^MemAvailable:[ \t]*(\d+) kB/m, "available") ?? 0) * 1024),
    load: number(/^(\d+\.\d+)/, "load"),
    listening: [...new Set(listening(text("listeners")).map((l) => l.port))].sort((a, b) => a - b),
    containers: atMost(MOST_CONTAINERS, "containers", containers).map(([, name = "", owner = "", ports = ""]) => ({
      name: nameOf(name),
      owner: nameOf(owner),
      ports: publishedPorts(ports),
    })),
    governors: atMost(MOST_GOVERNORS, "CPU governors", governors).map((m) => ({
      governor: nameOf(m[2] ?? ""),
      cpus: Number(m[1]),
    })),
    turbo: noTurbo !== undefined ? noTurbo === 0 : boost !== undefined ? boost === 1 : undefined,
  };
}

/** File system, blocks, used, available, capacity, mount point: `df`'s second line, whose first field may hold spaces. */
function freeBytes(df: string): number | undefined {
  const line = (df.split("\n", 2)[1] ?? "").slice(0, MOST_LINE);
  const free = /\s\d+\s+\d+\s+(\d+)\s+\d+%\s/.exec(`${line}\n`)?.[1];
  const bytes = Number(free) * 1024;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads /proc/self/mountinfo: number, parent, device, root, mount point, options, … A blank in a path is `\040` there. */
function mountsOf(text: string): Mount[] {
  const lines = [...text.matchAll(/^\d+ \d+ \S+ \S+ (\S+) (\S+) /gm)];
  return atMost(MOST_MOUNTS, "mounts", lines).map(([, path = "", options = ""]) => ({
    path: path.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
    options: options.split(","),
  }));
}

/** The file system that a path lies on: the last one that was mounted at the nearest folder above. Pure. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const above = mounts.filter((m) => m.path === "/" || path === m.path || path.startsWith(`${m.path}/`));
  return above.reduce<Mount | undefined>(
    (a, b) => (a === undefined || b.path.length >= a.path.length ? b : a),
    undefined,
  );
}
