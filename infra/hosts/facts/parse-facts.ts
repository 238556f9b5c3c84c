import { createHash } from "node:crypto";
import { parseCpuList } from "../cpulist.ts";
import { ENGINE_SECONDS } from "../../deadlines.ts";
import type { HostFacts, LogicalCpu } from "../facts.ts";
import { parseLogin, type HostLogin } from "../login.ts";

/** What a host said: its facts, or why no facts could be made of it. */
export type Reading =
  | {
      readonly ok: true;
      readonly facts: HostFacts;
      /** The SSH user's home folder, absolute. */
      readonly home: string;
      /** Their name there; empty where the host does not tell. */
      readonly user: string;
      /** What keeps Docker from being used; `facts.docker` is all "none" then. Absent: nothing. */
      readonly docker?: DockerProblem;
      /** Null where it was not told. */
      readonly login: HostLogin | null;
    }
  | { readonly ok: false; readonly problem: FactsProblem };

/** Why a host's Docker engine cannot be used. */
export type DockerProblem =
  | { readonly kind: "no-docker" }
  | { readonly kind: "docker-permission"; readonly detail: string }
  | { readonly kind: "docker-down"; readonly detail: string }
  | { readonly kind: "docker-old"; readonly version: string };

/** What keeps a host from being used; `hosts/connection/diagnose.ts` says what to do about each. */
export type FactsProblem =
  DockerProblem | { readonly kind: "unreadable"; readonly section: string; readonly detail: string };

/** The oldest engine API that Lathe is used with: Docker 20.10, which every supported Debian and Ubuntu has. */
const OLDEST_API = [1, 41] as const;

/** Reads the output of `FACTS_SCRIPT`, of a host whose Docker need not be there yet. Pure; says what is missing, never guesses. */
export function parseMachine(output: string): Reading {
  const found = sections(output);
  const text = (name: string) => found.get(name) ?? "";
  const line = (name: string) => text(name).split("\n")[0]?.trim() ?? "";
  if (!found.has("end")) return unreadable("end", output.slice(-200));
  const problem = dockerProblem(found.get("docker"));
  const logical = withSiblings(parseLscpu(text("lscpu"), kindsOf(text("kinds"))), text("siblings"));
  if (logical.length === 0) return unreadable("lscpu", text("lscpu"));
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(text("allowed"))?.[1];
  if (allowed === undefined) return unreadable("allowed", text("allowed"));
  const totalKiB = Number(/^MemTotal:\s*(\d+) kB/m.exec(text("memory"))?.[1]);
  if (!(totalKiB > 0)) return unreadable("memory", text("memory"));
  const limits = `${text("cgroup2")}\n${text("cgroup1")}`;
  const [version, apiVersion] = problem === undefined ? versionsOf(text("docker")) : ["none", "none"];
  const machineId = machineIdOf(line("machine-id"));
  const nodes = parseNodes(text("nodes"), text("allowed"));
  return {
    ok: true,
    home: line("home"),
    login: parseLogin(text("login"), found.get("firewall")) ?? null,
    user: line("user"),
    ...(problem === undefined ? {} : { docker: problem }),
    facts: {
      hostname: line("hostname"),
      ...(machineId === undefined ? {} : { machineId }),
      os: line("os") || "unknown",
      kernel: line("kernel"),
      arch: line("arch"),
      cpu: { model: modelOf(text("model")), logical, allowed: parseCpuList(allowed), quotaCpus: parseQuota(limits) },
      memoryBytes: Math.min(totalKiB * 1024, parseMemoryLimit(limits)),
      ...(nodes.length === 0 ? {} : { nodes }),
      docker: { version, apiVersion, storageDriver: problem === undefined ? line("storage") || "unknown" : "none" },
    },
  };
}

/** The NUMA nodes that have memory and may be used (`Node 0 MemTotal: 16384 kB`, `Mems_allowed_list: 0`). */
function parseNodes(text: string, status: string): NonNullable<HostFacts["nodes"]> {
  const allowed = /^Mems_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  const may = allowed === undefined ? undefined : parseCpuList(allowed);
  return [...text.matchAll(/^Node (\d+) MemTotal:\s*(\d+) kB/gm)]
    .map((m) => ({ node: Number(m[1]), memoryBytes: Number(m[2]) * 1024 }))
    .filter(({ node, memoryBytes }) => memoryBytes > 0 && (may?.includes(node) ?? true))
    .sort((a, b) => a.node - b.node);
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

/** systemd asks that the id itself is told to nobody. Before a machine's first start the file is empty or has a word. */
function machineIdOf(text: string): string | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? createHash("sha256").update(text).digest("hex") : undefined;
}

/** The engine's version and its API's, whatever the command warns of before. */
function versionsOf(text: string): [version: string, api: string] {
  const last = [...text.matchAll(/^(\S+) (\d+\.\d+)$/gm)].at(-1);
  return [last?.[1] ?? "", last?.[2] ?? ""];
}

function dockerProblem(text: string | undefined): DockerProblem | undefined {
  if (text === undefined) return { kind: "docker-down", detail: "it says nothing" };
  if (/^exit 0$/m.test(text)) {
    const [version, api] = versionsOf(text);
    const [major = 0, minor = 0] = api.split(".").map(Number);
    const old = major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1]);
    return old ? { kind: "docker-old", version } : undefined;
  }
  const detail = text.replace(/^exit \d+$/m, "").trim();
  if (/^exit 127$/m.test(text)) return { kind: "no-docker" };
  if (/^exit 124$/m.test(text)) return { kind: "docker-down", detail: `no answer within ${ENGINE_SECONDS} s` };
  if (/permission denied/i.test(detail)) return { kind: "docker-permission", detail };
  return { kind: "docker-down", detail };
}

/** What stands in each section of a script's output. */
export function sections(output: string): Map<string, string> {
  const parts = output.split(/^@@/m).slice(1);
  return new Map(parts.map((part) => [part.split("\n", 1)[0] ?? "", part.slice(part.indexOf("\n") + 1)]));
}

function unreadable(section: string, detail: string): Reading {
  return { ok: false, problem: { kind: "unreadable", section, detail: detail.trim() } };
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

/**
 * Tells cores by the kernel's own lists of the hyper-threads that share one (`3 3,11`): lscpu numbers the cores of each
 * kind of processor from zero, so that on big.LITTLE machines cores of two kinds have one number. A core is named by its
 * first CPU.
 */
function withSiblings(cpus: readonly LogicalCpu[], text: string): LogicalCpu[] {
  const first = new Map<number, number>();
  for (const [, cpu, list = ""] of text.matchAll(/^(\d+) (\S+)$/gm)) {
    first.set(Number(cpu), Math.min(Number(cpu), ...parseCpuList(list)));
  }
  return cpus.map((c) => ({ ...c, core: first.get(c.cpu) ?? c.core }));
}

/** The processor's name as lscpu gives it; a machine that mixes kinds of core has several. */
function modelOf(text: string): string {
  const names = [...text.matchAll(/^[^:\n]*:[ \t]*(\S.*)$/gm)].map((m) => (m[1] ?? "").trim());
  return [...new Set(names.filter((name) => name !== "-"))].join(" + ") || "unknown";
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
