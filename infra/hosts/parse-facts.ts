import { parseCpuList } from "./cpulist.ts";
import type { HostFacts, LogicalCpu } from "./facts.ts";

/** What a host said: its facts, or why no facts could be made of it. */
export type Reading =
  | {
      readonly ok: true;
      readonly facts: HostFacts;
      /** The SSH user's home folder, absolute. */
      readonly home: string;
    }
  | { readonly ok: false; readonly problem: FactsProblem };

/** What keeps a host from being used; `hosts/diagnose.ts` says what to do about each. */
export type FactsProblem =
  | { readonly kind: "no-docker" }
  | { readonly kind: "docker-permission"; readonly detail: string }
  | { readonly kind: "docker-down"; readonly detail: string }
  | { readonly kind: "unreadable"; readonly section: string; readonly detail: string };

/** Turns the output of `FACTS_SCRIPT` into facts. Pure; tells what is missing rather than guess. */
export function parseFacts(output: string): Reading {
  const sections = split(output);
  const problem = dockerProblem(sections.get("docker"));
  if (!sections.has("end")) return unreadable("end", output.slice(-200));
  if (problem) return { ok: false, problem };
  const logical = parseLscpu(sections.get("lscpu") ?? "", kindsOf(sections.get("kinds") ?? ""));
  if (logical.length === 0) return unreadable("lscpu", sections.get("lscpu") ?? "");
  const allowedText = /^Cpus_allowed_list:\s*(\S+)/m.exec(sections.get("allowed") ?? "")?.[1];
  if (allowedText === undefined) return unreadable("allowed", sections.get("allowed") ?? "");
  const totalKiB = Number(/^MemTotal:\s*(\d+) kB/m.exec(sections.get("memory") ?? "")?.[1]);
  if (!(totalKiB > 0)) return unreadable("memory", sections.get("memory") ?? "");
  const limits = `${sections.get("cgroup2") ?? ""}\n${sections.get("cgroup1") ?? ""}`;
  const [version = "", apiVersion = ""] = (sections.get("docker") ?? "").split(/\s+/);
  return {
    ok: true,
    home: line(sections, "home"),
    facts: {
      hostname: line(sections, "hostname"),
      os: line(sections, "os") || "unknown",
      kernel: line(sections, "kernel"),
      arch: line(sections, "arch"),
      cpu: {
        model: /:\s*(.+)/.exec(line(sections, "model"))?.[1]?.trim() ?? "unknown",
        logical,
        allowed: parseCpuList(allowedText),
        quotaCpus: parseQuota(limits),
      },
      memoryBytes: Math.min(totalKiB * 1024, parseMemoryLimit(limits)),
      docker: { version, apiVersion, storageDriver: line(sections, "storage") || "unknown" },
    },
  };
}

/** Reads `lscpu -p=CPU,CORE,SOCKET,NODE,ONLINE`: an empty or `-` field is one that the host does not tell. */
export function parseLscpu(text: string, kinds: ReadonlyMap<number, LogicalCpu["kind"]> = new Map()): LogicalCpu[] {
  const number = (field: string | undefined) => (field !== undefined && /^\d+$/.test(field) ? Number(field) : null);
  return text
    .split("\n")
    .filter((row) => /^\d/.test(row))
    .map((row) => row.split(","))
    .map(([cpu, core, socket, node, online]) => {
      const kind = kinds.get(Number(cpu));
      return {
        cpu: Number(cpu),
        core: number(core),
        socket: number(socket),
        node: number(node),
        // Very old lscpu leaves the column empty: it lists online CPUs only.
        online: online !== "N",
        ...(kind === undefined ? {} : { kind }),
      };
    })
    .sort((a, b) => a.cpu - b.cpu);
}

/** The smallest CPU quota among a host's cgroups, in CPUs; null where none is set. */
export function parseQuota(limits: string): number | null {
  const quotas = [...limits.matchAll(/^cpu\.max (\d+) (\d+)/gm)].map((m) => Number(m[1]) / Number(m[2]));
  const v1 = /^cpu\.cfs_quota_us (-?\d+) *\ncpu\.cfs_period_us (\d+)/gm;
  for (const [, quota, period] of limits.matchAll(v1))
    if (Number(quota) > 0) quotas.push(Number(quota) / Number(period));
  return quotas.length === 0 ? null : Math.min(...quotas);
}

/** The smallest memory limit among a host's cgroups, in bytes; Infinity where none is set. */
export function parseMemoryLimit(limits: string): number {
  const all = [...limits.matchAll(/^memory\.(?:max|limit_in_bytes) (\d+)/gm)].map((m) => Number(m[1]));
  // cgroup v1 writes "no limit" as the largest page-aligned 64-bit number.
  return Math.min(Infinity, ...all.filter((bytes) => bytes > 0 && bytes < 2 ** 60));
}

/** Kinds of core: Intel's hybrid CPUs list them outright; ARM gives each CPU a capacity, and the largest are performance. */
function kindsOf(text: string): Map<number, LogicalCpu["kind"]> {
  const kinds = new Map<number, LogicalCpu["kind"]>();
  for (const [, kind, list = ""] of text.matchAll(/^(performance|efficiency) (\S+)/gm)) {
    for (const cpu of parseCpuList(list)) kinds.set(cpu, kind as LogicalCpu["kind"]);
  }
  const capacities = [...text.matchAll(/^capacity (\d+) (\d+)/gm)].map((m) => [Number(m[1]), Number(m[2])] as const);
  const largest = Math.max(...capacities.map(([, capacity]) => capacity));
  if (capacities.some(([, capacity]) => capacity < largest)) {
    // Three-cluster ARM parts have two kinds of big core a few percent apart: both do the work.
    for (const [cpu, capacity] of capacities) kinds.set(cpu, capacity >= largest * 0.7 ? "performance" : "efficiency");
  }
  return kinds;
}

function dockerProblem(text: string | undefined): FactsProblem | undefined {
  if (text === undefined || /^exit 0$/m.test(text)) return undefined;
  const detail = text.replace(/^exit \d+$/m, "").trim();
  if (/^exit 127$/m.test(text)) return { kind: "no-docker" };
  if (/permission denied/i.test(detail)) return { kind: "docker-permission", detail };
  return { kind: "docker-down", detail };
}

function split(output: string): Map<string, string> {
  const sections = new Map<string, string>();
  for (const part of output.split(/^@@/m).slice(1)) {
    const end = part.indexOf("\n");
    sections.set(part.slice(0, end), part.slice(end + 1));
  }
  return sections;
}

function line(sections: ReadonlyMap<string, string>, name: string): string {
  return (sections.get(name) ?? "").split("\n")[0]?.trim() ?? "";
}

function unreadable(section: string, detail: string): Reading {
  return { ok: false, problem: { kind: "unreadable", section, detail: detail.trim() } };
}
