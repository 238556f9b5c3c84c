import { readFile } from "node:fs/promises";
import { parseCpuList } from "../../lib/cpulist.ts";

/** A logical CPU of the machine that may be given to hosts. */
export interface MachineCpu {
  readonly cpu: number;
  /** Physical core it belongs to: hyper-threads of one core are kept together. */
  readonly core: number;
}

/** What a host may use of the machine. */
export interface HostLimits {
  /** CPUs its processes may run on, ascending. */
  readonly cpus: readonly number[];
  /** CPU time it may take, in CPUs; null: all of its CPUs. */
  readonly quotaCpus: number | null;
}

/** The paper's machines had 4 (client), 8 (cloud) and 4 (edge) cores; the edge's were the slower ones. */
const PAPER = { client: 4, cloud: 8, edge: 4 } as const;

/** The edge host gets this share of its cores' time, because the paper's edge machine was the slower one. */
const EDGE_SHARE = 0.7;

/** Divides CPUs among the roles, 1:2:1 as in the paper, and at most as many as there. With fewer than four, hosts share CPUs. */
export function planLimits(machine: readonly MachineCpu[]): Readonly<Record<"client" | "cloud" | "edge", HostLimits>> {
  const ordered = [...machine].sort((a, b) => a.core - b.core || a.cpu - b.cpu).map((c) => c.cpu);
  if (ordered.length === 0) throw new Error("no CPU to share out");
  const unit = Math.max(1, Math.min(PAPER.client, Math.floor(ordered.length / 4)));
  const client = ordered.slice(0, unit);
  const edge = ordered.slice(-unit);
  const cloud = ordered.length >= 4 ? ordered.slice(unit, unit + Math.min(PAPER.cloud, 2 * unit)) : ordered.slice(0, 2);
  const ascending = (cpus: readonly number[]) => [...cpus].sort((a, b) => a - b);
  return {
    client: { cpus: ascending(client), quotaCpus: null },
    cloud: { cpus: ascending(cloud), quotaCpus: null },
    edge: { cpus: ascending(edge), quotaCpus: Math.round(edge.length * EDGE_SHARE * 100) / 100 },
  };
}

/** The CPUs that this process may run on. */
export async function allowedCpus(): Promise<number[]> {
  const status = await readFile("/proc/self/status", "utf8");
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "0");
}

/** `lscpu -p=CPU,CORE`'s CPUs that this process may use (`allowed`), with their cores. */
export function parseMachineCpus(lscpu: string, allowed: readonly number[]): MachineCpu[] {
  const known = new Map<number, number>();
  for (const line of lscpu.split("\n")) {
    const match = /^(\d+),(\d*)/.exec(line);
    if (match !== null) known.set(Number(match[1]), match[2] === "" ? Number(match[1]) : Number(match[2]));
  }
  return allowed.map((cpu) => ({ cpu, core: known.get(cpu) ?? cpu }));
}
