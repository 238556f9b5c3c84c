import type { HostFacts, LogicalCpu } from "../hosts/facts.ts";
import { formatCpuList } from "../hosts/cpulist.ts";
import type { ThreadPlan } from "../outputs.ts";

/** What the user wants of the thread settings; absent numbers are the rule's. */
export interface ThreadPolicy {
  /** OMP_NUM_THREADS. */
  readonly omp?: number | undefined;
  /** TENSORFLOW_INTRA_OP_PARALLELISM. */
  readonly intraOp?: number | undefined;
  /** TENSORFLOW_INTER_OP_PARALLELISM. */
  readonly interOp?: number | undefined;
  /**
   * `none`: the kernel places the threads, as in the paper. `physical`: the container gets one logical CPU of each core
   * that the plan uses. `cores`: it gets all hyper-threads of those cores.
   */
  readonly pin: "none" | "physical" | "cores";
}

/** The paper's setting: two operators at a time. */
const INTER_OP = 2;

/** A physical core and the logical CPUs of it that may be used. */
interface Core {
  readonly cpus: readonly LogicalCpu[];
}

/**
 * The thread settings that fit a host: as many threads as physical cores may be used (the paper's and Intel's rule).
 *
 * - Logical CPUs count if they are online and allowed (cpuset, affinity): limits win over hardware.
 * - Hyper-threads of one core count once; a host that does not tell cores apart counts each logical CPU.
 * - Where performance and efficiency cores are mixed, only performance cores count: an operator's threads wait for the
 *   slowest of them.
 * - A CPU quota is rounded down, to at least one: with more threads than quota the kernel stops one in the middle of an
 *   operator, and all others wait for it.
 *
 * Explicit numbers of the policy are taken as they are. Pure.
 */
export function threadPlan(facts: HostFacts, policy: ThreadPolicy): ThreadPlan {
  const { cores, reason } = usableCores(facts);
  const { quotaCpus } = facts.cpu;
  const byQuota = quotaCpus === null ? Infinity : Math.max(1, Math.floor(quotaCpus));
  const threads = Math.min(cores.length, byQuota);
  const reasons = [reason];
  if (byQuota < cores.length) reasons.push(`a quota of ${quotaCpus} CPUs leaves ${plural(threads, "thread")}`);
  const given = Object.entries({ omp: policy.omp, intraOp: policy.intraOp, interOp: policy.interOp })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  if (given.length > 0) reasons.push(`set by the stack's config: ${given.join(", ")}`);
  const [omp, intraOp] = [policy.omp ?? threads, policy.intraOp ?? threads];
  const pinned = pin(cores, Math.min(cores.length, Math.max(omp, intraOp)), policy.pin);
  if (pinned.cpuSet !== undefined) reasons.push(`pinned to logical CPUs ${pinned.cpuSet}`);
  return {
    physicalCores: cores.length,
    ompNumThreads: omp,
    intraOpParallelism: intraOp,
    interOpParallelism: policy.interOp ?? INTER_OP,
    ...pinned,
    reason: `${reasons.join("; ")}.`,
  };
}

function usableCores(facts: HostFacts): { cores: Core[]; reason: string } {
  const { logical } = facts.cpu;
  const allowed = new Set(facts.cpu.allowed);
  const online = logical.filter((c) => c.online);
  const usable = online.filter((c) => allowed.has(c.cpu));
  const fast = usable.filter((c) => c.kind !== "efficiency");
  const slow = usable.length - fast.length;
  const counted = fast.length > 0 ? fast : usable.length > 0 ? usable : online.slice(0, 1);
  const cores = groupByCore(counted);
  const parts = [`${plural(cores.length, "physical core")} may be used`];
  if (counted.length > cores.length) parts.push(`${counted.length} logical CPUs, hyper-threads counted once`);
  if (online.length > usable.length && usable.length > 0)
    parts.push(`${online.length - usable.length} not allowed here`);
  if (logical.length > online.length) parts.push(`${logical.length - online.length} offline`);
  if (slow > 0 && fast.length > 0) parts.push(`${plural(slow, "efficiency core")} left out`);
  if (counted.some((c) => c.core === null)) parts.push("the host does not tell cores from hyper-threads");
  const [first = "", ...rest] = parts;
  return { cores, reason: rest.length === 0 ? first : `${first} (${rest.join(", ")})` };
}

function groupByCore(cpus: readonly LogicalCpu[]): Core[] {
  const groups = new Map<string, LogicalCpu[]>();
  for (const cpu of cpus) {
    const key = cpu.core === null ? `cpu ${cpu.cpu}` : `core ${cpu.socket ?? 0}/${cpu.core}`;
    groups.set(key, [...(groups.get(key) ?? []), cpu]);
  }
  return [...groups.values()].map((members) => ({ cpus: members }));
}

function pin(
  cores: readonly Core[],
  count: number,
  policy: ThreadPolicy["pin"],
): Pick<ThreadPlan, "cpuSet" | "memorySet"> {
  if (policy === "none") return {};
  const chosen = cores.slice(0, count).flatMap((core) => (policy === "physical" ? core.cpus.slice(0, 1) : core.cpus));
  const nodes = chosen.map((c) => c.node).filter((node) => node !== null);
  return {
    cpuSet: formatCpuList(chosen.map((c) => c.cpu)),
    ...(nodes.length === chosen.length ? { memorySet: formatCpuList(nodes) } : {}),
  };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
