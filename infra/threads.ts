import type { HostFacts, LogicalCpu } from "./hosts/facts.ts";
import { formatCpuList, parseCpuList } from "../lib/cpulist.ts";
import { UserError } from "../lib/errors.ts";
import type { Placement } from "./outputs.ts";

/** What is wanted of a server's place on its host. */
export interface ThreadPolicy {
  /**
   * `none`: the kernel places the threads, as in the paper. `physical`: the container gets one logical CPU of each core
   * that the plan uses. `cores`: it gets all hyper-threads of those cores. `node`: as `physical`, but only cores of one
   * NUMA node are counted and used. Whatever is pinned, its memory comes from the nodes of its CPUs.
   */
  readonly pin: "none" | "physical" | "cores" | "node";
  /** How many cores are used where the rule allows for so many threads; absent: one each. */
  readonly coresFor?: (threads: number) => number;
  /** What the stack's config sets, in words: part of the plan's reason. */
  readonly given?: readonly string[];
}

/** Where a server runs, and with how many threads that compute. */
export interface ThreadPlan extends Placement {
  readonly threads: number;
}

/** The logical CPUs of a physical core that may be used. */
type Core = readonly LogicalCpu[];

/**
 * The place and the number of threads that fit a host: as many threads as physical cores may be used (the paper's and Intel's rule).
 *
 * - Logical CPUs count if they are online and allowed (cpuset, affinity): limits win over hardware.
 * - Hyper-threads of one core count once; a host that does not tell cores apart counts each logical CPU.
 * - Where performance and efficiency cores are mixed, only performance cores count: an operator's threads wait for the
 *   slowest of them.
 * - A CPU quota is rounded down, to at least one: with more threads than quota the kernel stops one in the middle of an
 *   operator, and all others wait for it.
 *
 * Pure.
 *
 * @throws UserError if no CPU that may be used runs
 */
export function threadPlan(facts: HostFacts, policy: ThreadPolicy): ThreadPlan {
  const usable = usableCores(facts);
  const cores = policy.pin === "node" ? (byNode(usable.cores, Infinity)[0] ?? usable.cores) : usable.cores;
  const { quotaCpus } = facts.cpu;
  const byQuota = quotaCpus === null ? Infinity : Math.max(1, Math.floor(quotaCpus));
  const threads = Math.min(cores.length, byQuota);
  const reasons = [usable.reason];
  if (cores.length < usable.cores.length) {
    reasons.push(`one NUMA node has ${plural(cores.length, "physical core")} of them`);
  }
  if (byQuota < cores.length) reasons.push(`a quota of ${quotaCpus} CPUs leaves ${plural(threads, "thread")}`);
  const { pin: how, coresFor = (n: number) => n, given = [] } = policy;
  if (given.length > 0) reasons.push(`set by the stack's config: ${given.join(", ")}`);
  const canPin = facts.docker.lacks?.includes("cpuset") !== true;
  if (how !== "none" && !canPin) reasons.push("not pinned: the engine has no cpuset controller");
  const pinned = pin(cores, Math.min(cores.length, coresFor(threads)), canPin ? how : "none", facts.nodes);
  if (pinned.cpuSet !== undefined) reasons.push(`pinned to logical CPUs ${pinned.cpuSet}`);
  return { threads, physicalCores: cores.length, ...pinned, reason: `${reasons.join("; ")}.` };
}

function usableCores(facts: HostFacts): { cores: Core[]; reason: string } {
  const { logical } = facts.cpu;
  const allowed = new Set(facts.cpu.allowed);
  const online = logical.filter((c) => c.online);
  const usable = online.filter((c) => allowed.has(c.cpu));
  const fast = usable.filter((c) => c.kind !== "efficiency");
  const slow = usable.length - fast.length;
  if (usable.length === 0)
    throw new UserError({
      what: `the host's engine may use CPUs ${formatCpuList([...allowed])}, and none of them is online (online: ${formatCpuList(online.map((c) => c.cpu))})`,
      fix: "give the engine's cgroup CPUs that are online (cpuset.cpus), or bring some of them online (chcpu -e LIST)",
    });
  const counted = fast.length > 0 ? fast : usable;
  const cores = groupByCore(counted);
  const parts = [`${plural(cores.length, "physical core")} may be used`];
  if (counted.length > cores.length) parts.push(`${counted.length} logical CPUs, hyper-threads counted once`);
  if (online.length > usable.length) parts.push(`${online.length - usable.length} not allowed here`);
  if (logical.length > online.length) parts.push(`${logical.length - online.length} offline`);
  if (slow > 0 && fast.length > 0) parts.push(`${plural(slow, "efficiency core")} left out`);
  if (counted.some((c) => c.core === null)) parts.push("the host does not tell cores from hyper-threads");
  const [first = "", ...rest] = parts;
  return { cores, reason: rest.length === 0 ? first : `${first} (${rest.join(", ")})` };
}

/**
 * A machine's facts as one of several replicas of a server may take them for its own: an equal part of the physical cores that may be used,
 * those of one NUMA node before those of the next, and of the CPU quota. Cores that are left over belong to none. Pure.
 *
 * @param before how many of the replicas come before it
 * @throws UserError if there is not a core for each
 */
export function shareOf(facts: HostFacts, before: number, replicas: number): HostFacts {
  if (replicas === 1) return facts;
  const { cores } = usableCores(facts);
  const each = Math.floor(cores.length / replicas);
  if (each === 0)
    throw new UserError({
      what: `lathe:settings.replicas: ${replicas}, and ${plural(cores.length, "physical core")} may be used on the machine`,
      expected: "a core for each replica",
      fix: `npx lathe pulumi config set --path 'lathe:settings.replicas' ${cores.length}`,
    });
  const inOrder = [...Map.groupBy(cores, ([first]) => first?.node ?? null).values()].flat();
  const own = inOrder.slice(before * each, (before + 1) * each).flat();
  const { quotaCpus } = facts.cpu;
  const quota = quotaCpus === null ? null : Math.floor((100 * quotaCpus) / replicas) / 100;
  return { ...facts, cpu: { ...facts.cpu, logical: own, allowed: own.map(({ cpu }) => cpu), quotaCpus: quota } };
}

function groupByCore(cpus: readonly LogicalCpu[]): Core[] {
  const keyOf = ({ cpu, core, socket }: LogicalCpu) => (core === null ? `cpu ${cpu}` : `core ${socket ?? 0}/${core}`);
  return [...Map.groupBy(cpus, keyOf).values()];
}

function pin(
  cores: readonly Core[],
  count: number,
  policy: ThreadPolicy["pin"],
  nodes: HostFacts["nodes"],
): Pick<Placement, "cpuSet" | "memorySet"> {
  if (policy === "none") return {};
  const chosen = byNode(cores, count)
    .flat()
    .slice(0, count)
    .flatMap((core) => (policy === "cores" ? core : core.slice(0, 1)));
  const near = chosen.map((c) => c.node).filter((node) => node !== null);
  // A node of CPUs without memory of its own cannot be given: the kernel then takes the nearest by itself.
  const withMemory = near.filter((node) => nodes === undefined || nodes.some((n) => n.node === node));
  return {
    cpuSet: formatCpuList(chosen.map((c) => c.cpu)),
    ...(near.length === chosen.length && withMemory.length > 0 ? { memorySet: formatCpuList(withMemory) } : {}),
  };
}

/**
 * The cores by NUMA node, in the order in which `count` of them are best taken: the first node that has room for all,
 * else the largest nodes first, so that as few as possible are touched.
 */
function byNode(cores: readonly Core[], count: number): Core[][] {
  const nodes = [...Map.groupBy(cores, ([first]) => first?.node ?? null).values()];
  const fits = nodes.find((node) => node.length >= count);
  return fits === undefined ? nodes.sort((a, b) => b.length - a.length) : [fits];
}

/** Bytes of the host's memory that a container may take: those of its NUMA nodes, where it is bound to some of several. */
export function memoryFor({ memoryBytes, nodes = [] }: HostFacts, { memorySet }: Placement): number {
  const bound = memorySet === undefined ? nodes : nodes.filter((n) => parseCpuList(memorySet).includes(n.node));
  if (bound.length === 0 || bound.length === nodes.length) return memoryBytes;
  return Math.min(
    memoryBytes,
    bound.reduce((total, n) => total + n.memoryBytes, 0),
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
