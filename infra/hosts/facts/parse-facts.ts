import { createHash } from "node:crypto";
import { UserError } from "../../../lib/errors.ts";
import { atMost, bytesOf, nameOf } from "../bounds.ts";
import { HIGHEST_CPU, parseCpuList } from "../../../lib/cpulist.ts";
import type { HostFacts } from "../facts.ts";
import { parseLogin, type HostLogin } from "../login.ts";
import { parseCpus } from "./parse-cpus.ts";
import { parseDocker, type DockerProblem } from "./parse-docker.ts";

/** What a host said: its facts, or why no facts could be made of it. */
export type Reading =
  | {
      readonly ok: true;
      readonly facts: HostFacts;
      /** The SSH user's home folder, absolute. */
      readonly home: string;
      /** Their name there; empty if the host does not tell. */
      readonly user: string;
      /** What keeps Docker from being used; `facts.docker` is all "none" then. Absent: nothing. */
      readonly docker?: DockerProblem;
      /** Null if it was not told. */
      readonly login: HostLogin | null;
    }
  | { readonly ok: false; readonly problem: FactsProblem };

/** What keeps a host from being used; `hosts/connection/diagnose.ts` says what to do about each. */
export type FactsProblem =
  DockerProblem | { readonly kind: "unreadable"; readonly section: string; readonly detail: string };

/** Characters of a section that a message shows. */
const MOST_SHOWN = 300;

/** Linux has no longer path. */
const MOST_PATH = 4096;

/** A section of which no facts can be made. */
class Unreadable extends Error {
  readonly section: string;
  readonly detail: string;

  constructor(section: string, detail: string) {
    super(section);
    this.section = section;
    this.detail = detail.trim().slice(0, MOST_SHOWN);
  }
}

/** Reads the output of `FACTS_SCRIPT`, of a host whose Docker need not be there yet. Pure; says what is missing, never guesses. */
export function parseMachine(output: string): Reading {
  try {
    return read(output);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { ok: false, problem: { kind: "unreadable", section: error.section, detail: error.detail } };
  }
}

function read(output: string): Reading {
  const found = sections(output);
  const text = (name: string) => found.get(name) ?? "";
  const line = (name: string) => nameOf(text(name).split("\n", 1)[0] ?? "");
  if (!found.has("end")) throw new Unreadable("end", output.slice(-200));
  const allowed = /^Cpus_allowed_list:[ \t]*(\S+)/m.exec(text("allowed"))?.[1];
  if (allowed === undefined) throw new Unreadable("allowed", text("allowed"));
  const cpus = within("lscpu, allowed", () =>
    parseCpus({ lscpu: text("lscpu"), siblings: text("siblings"), kinds: text("kinds"), allowed }),
  );
  if (cpus.logical.length === 0) throw new Unreadable("lscpu", text("lscpu"));
  const totalBytes = bytesOf(Number(/^MemTotal:[ \t]*(\d+) kB/m.exec(text("memory"))?.[1]) * 1024);
  if (totalBytes === undefined) throw new Unreadable("memory", text("memory"));
  const home = (text("home").split("\n", 1)[0] ?? "").trim();
  if (!home.startsWith("/") || home.length > MOST_PATH) throw new Unreadable("home", home);
  const limits = `${text("cgroup2")}\n${text("cgroup1")}`;
  const { docker, problem } = parseDocker({
    docker: found.get("docker"),
    command: text("command"),
    storage: text("storage"),
  });
  const machineId = machineIdOf(line("machine-id"));
  const nodes = within("nodes, allowed", () => parseNodes(text("nodes"), text("allowed")));
  const login = within("login", () => parseLogin(text("login"), found.get("firewall")));
  return {
    ok: true,
    home,
    login: login ?? null,
    user: line("user"),
    ...(problem === undefined ? {} : { docker: problem }),
    facts: {
      hostname: line("hostname"),
      ...(machineId === undefined ? {} : { machineId }),
      os: line("os") || "unknown",
      kernel: line("kernel"),
      arch: line("arch"),
      cpu: { model: modelOf(text("model")), ...cpus, quotaCpus: parseQuota(limits) },
      memoryBytes: Math.min(totalBytes, parseMemoryLimit(limits)),
      ...(nodes.length === 0 ? {} : { nodes }),
      docker,
    },
  };
}

/** What a section's reader gives; what it refuses in words is unreadable. */
function within<T>(section: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof UserError ? new Unreadable(section, error.message) : error;
  }
}

/** The NUMA nodes that have memory and may be used (`Node 0 MemTotal: 16384 kB`, `Mems_allowed_list: 0`). */
function parseNodes(text: string, status: string): NonNullable<HostFacts["nodes"]> {
  const allowed = /^Mems_allowed_list:[ \t]*(\S+)/m.exec(status)?.[1];
  const may = allowed === undefined ? undefined : new Set(parseCpuList(allowed));
  const told = [...text.matchAll(/^Node (\d{1,4}) MemTotal:[ \t]*(\d+) kB/gm)].flatMap((m) => {
    const [node, memoryBytes] = [Number(m[1]), bytesOf(Number(m[2]) * 1024)];
    return memoryBytes === undefined || node > HIGHEST_CPU || may?.has(node) === false ? [] : [{ node, memoryBytes }];
  });
  const once = [...new Map(told.map((one) => [one.node, one])).values()];
  return atMost(HIGHEST_CPU, "memory nodes", once).toSorted((a, b) => a.node - b.node);
}

/** The smallest CPU quota among a host's cgroups, in CPUs; null if none is set. */
export function parseQuota(limits: string): number | null {
  const v2 = limits.matchAll(/^cpu\.max (\d+) (\d+)/gm);
  const v1 = limits.matchAll(/^cpu\.cfs_quota_us (-?\d+) *\ncpu\.cfs_period_us (\d+)/gm);
  const quotas = [...v2, ...v1].map(([, quota, period]) => Number(quota) / Number(period));
  const least = smallest(quotas.filter((cpus) => cpus > 0));
  return Number.isFinite(least) ? least : null;
}

/** The smallest memory limit among a host's cgroups, in bytes; Infinity where none is set. */
export function parseMemoryLimit(limits: string): number {
  const all = [...limits.matchAll(/^memory\.(?:max|limit_in_bytes) (\d+)/gm)].map((m) => Number(m[1]));
  // cgroup v1 writes "no limit" as the largest page-aligned 64-bit number.
  return smallest(all.filter((bytes) => bytes > 0 && bytes < 2 ** 60));
}

/** Not `Math.min(...all)`, which a long list ends. */
function smallest(all: readonly number[]): number {
  return all.reduce((a, b) => (b < a ? b : a), Infinity);
}

/** systemd asks that the id itself is told to nobody. Before a machine's first start the file is empty or has a word. */
function machineIdOf(text: string): string | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? createHash("sha256").update(text).digest("hex") : undefined;
}

/** What stands in each section of a script's output. */
export function sections(output: string): Map<string, string> {
  const parts = output.split(/^@@/m).slice(1);
  return new Map(parts.map((part) => [part.split("\n", 1)[0] ?? "", part.slice(part.indexOf("\n") + 1)]));
}

/** The processor's name as lscpu gives it; a machine that mixes kinds of core has several. */
function modelOf(text: string): string {
  const names = [...text.matchAll(/^[^:\n]*:[ \t]*(\S.*)$/gm)].map((m) => nameOf(m[1] ?? ""));
  return nameOf([...new Set(names.filter((name) => name !== "-"))].join(" + ")) || "unknown";
}
