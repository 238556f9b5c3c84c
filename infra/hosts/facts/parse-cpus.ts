import { parseCpuList } from "../cpulist.ts";
import type { LogicalCpu } from "../facts.ts";

/* The part of `FACTS_SCRIPT`'s output that tells of CPUs. */

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
export function withSiblings(cpus: readonly LogicalCpu[], text: string): LogicalCpu[] {
  const first = new Map<number, number>();
  for (const [, cpu, list = ""] of text.matchAll(/^(\d+) (\S+)$/gm)) {
    first.set(Number(cpu), Math.min(Number(cpu), ...parseCpuList(list)));
  }
  return cpus.map((c) => ({ ...c, core: first.get(c.cpu) ?? c.core }));
}

/** The processor's name as lscpu gives it; a machine that mixes kinds of core has several. */
export function modelOf(text: string): string {
  const names = [...text.matchAll(/^[^:\n]*:[ \t]*(\S.*)$/gm)].map((m) => (m[1] ?? "").trim());
  return [...new Set(names.filter((name) => name !== "-"))].join(" + ") || "unknown";
}

/** Kinds of core: Intel's hybrid CPUs list them outright; ARM gives each CPU a capacity, and the largest are performance. */
export function kindsOf(text: string): Map<number, LogicalCpu["kind"]> {
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
