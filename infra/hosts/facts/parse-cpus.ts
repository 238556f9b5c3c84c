import { HIGHEST_CPU, parseCpuList } from "../../../lib/cpulist.ts";
import type { LogicalCpu } from "../facts.ts";

/** What the sections of the facts script say that are about CPUs. */
export interface CpuSections {
  readonly lscpu: string;
  /** The kernel's lists of the hyper-threads that share a core: `3 3,11`. */
  readonly siblings: string;
  /** The CPUs that the host's first process may run on, as a list. */
  readonly allowed: string;
  readonly kinds: string;
}

/**
 * The logical CPUs of a host, and those that its processes may run on. Pure.
 *
 * @throws UserError if a list is none
 */
export function parseCpus(said: CpuSections): { logical: LogicalCpu[]; allowed: number[] } {
  const cores = coresOf(said.siblings);
  const allowed = parseCpuList(said.allowed);
  const told = parseLscpu(said.lscpu, kindsOf(said.kinds)).map((c) => ({ ...c, core: cores.get(c.cpu) ?? c.core }));
  return { logical: told.length === 0 ? [] : withRunning(told, allowed, cores), allowed };
}

/** Reads `lscpu -p=CPU,CORE,SOCKET,NODE,ONLINE`, each CPU once: an empty or `-` field is one that the host does not tell. */
export function parseLscpu(text: string, kinds: ReadonlyMap<number, LogicalCpu["kind"]> = new Map()): LogicalCpu[] {
  const number = (field: string | undefined) => (field !== undefined && /^\d{1,9}$/.test(field) ? Number(field) : null);
  const cpus = new Map<number, LogicalCpu>();
  for (const [, row = ""] of text.matchAll(/^(\d[^\n]*)$/gm)) {
    const [id, core, socket, node, online] = row.split(",", 5);
    const cpu = number(id);
    if (cpu === null || cpu > HIGHEST_CPU) continue;
    const kind = kinds.get(cpu);
    cpus.set(cpu, {
      ...{ cpu, core: number(core), socket: number(socket), node: number(node) },
      // Very old lscpu leaves the column empty: it lists online CPUs only.
      online: online?.trim() !== "N",
      ...(kind === undefined ? {} : { kind }),
    });
  }
  return [...cpus.values()].sort((a, b) => a.cpu - b.cpu);
}

/**
 * The CPUs with those as online that run, whatever lscpu says. In a system container (LXC) the kernel's list of online CPUs may
 * be a file of lxcfs, which counts from zero (`0`), while the first process may run on CPU 24. That process runs: where none of
 * its CPUs were online, all of them are. Else those are that the kernel shows the core of, which it does of running CPUs alone:
 * the mask itself may name CPUs that are offline or not there.
 */
function withRunning(
  told: readonly LogicalCpu[],
  allowed: readonly number[],
  cores: ReadonlyMap<number, number>,
): LogicalCpu[] {
  const may = new Set(allowed);
  const isVirtual = !told.some((c) => c.online && may.has(c.cpu));
  const runs = (cpu: number) => may.has(cpu) && (isVirtual || cores.has(cpu));
  const known = new Set(told.map((c) => c.cpu));
  const untold = allowed.filter((cpu) => !known.has(cpu) && runs(cpu));
  return [
    ...told.map((c) => (runs(c.cpu) ? { ...c, online: true } : c)),
    ...untold.map((cpu) => ({ cpu, core: cores.get(cpu) ?? null, socket: null, node: null, online: true })),
  ].sort((a, b) => a.cpu - b.cpu);
}

/**
 * Cores by the kernel's own lists of the hyper-threads that share one: lscpu numbers the cores of each kind of processor from
 * zero, so that on big.LITTLE machines cores of two kinds have one number. A core is named by its first CPU.
 */
function coresOf(siblings: string): Map<number, number> {
  const first = new Map<number, number>();
  for (const [, cpu, list = ""] of siblings.matchAll(/^(\d{1,4}) ([\d,-]+)$/gm)) {
    const begins = list.split(",").map((part) => parseInt(part));
    if (begins.some((begin) => !(begin >= 0))) continue;
    const least = begins.reduce((a, b) => (b < a ? b : a), Number(cpu));
    if (Number(cpu) <= HIGHEST_CPU) first.set(Number(cpu), least);
  }
  return first;
}

/** Kinds of core: Intel's hybrid CPUs list them outright; ARM gives each CPU a capacity, and the largest are performance. */
function kindsOf(text: string): Map<number, LogicalCpu["kind"]> {
  const kinds = new Map<number, LogicalCpu["kind"]>();
  for (const name of ["performance", "efficiency"] as const)
    for (const [, list = ""] of [...text.matchAll(new RegExp(`^${name} (\\S+)`, "gm"))].slice(0, MOST_LISTS))
      for (const cpu of parseCpuList(list)) kinds.set(cpu, name);
  const capacities = [...text.matchAll(/^capacity (\d{1,4}) (\d{1,9})/gm)]
    .map((m) => [Number(m[1]), Number(m[2])] as const)
    .filter(([, capacity]) => capacity > 0);
  const fast = fastFrom(capacities.map(([, capacity]) => capacity));
  if (fast !== undefined)
    for (const [cpu, capacity] of capacities) kinds.set(cpu, capacity >= fast ? "performance" : "efficiency");
  return kinds;
}

/** Kinds that a host lists outright: performance, efficiency, and those of low power. */
const MOST_LISTS = 8;

/**
 * A capacity below this share of the next larger one is another kind of core's. Cores of one kind differ by their clocks, and by
 * some per cent of noise.
 */
const OTHER_KIND = 0.8;

/**
 * The least capacity of the performance cores; undefined if all cores are of one kind. What tells kinds apart is the widest
 * gap between two neighbours, as a ratio: NVIDIA's GB10 has 718 and 731, then 997 to 1024. A share of the largest capacity would
 * have to know how far the kinds are apart. Of three kinds, two that are close to each other count as one: both do the work.
 */
function fastFrom(capacities: readonly number[]): number | undefined {
  const sizes = [...new Set(capacities)].sort((a, b) => a - b);
  let widest = OTHER_KIND;
  let from: number | undefined;
  for (const [i, size] of sizes.entries()) {
    const share = (sizes[i - 1] ?? size) / size;
    if (share < widest) [widest, from] = [share, size];
  }
  return from;
}
