import { REPLICAS } from "../config/replicas.ts";
import type { HostFacts } from "../hosts/facts.ts";
import { threadPlan } from "../threads.ts";
import type { Knob, KnobValue } from "./kind.ts";

/* Knobs that several kinds have: which values are worth trying follows from the machine's facts. All of it is pure. */

/** A value that leaves a setting to the server, where that is the rule. */
export const UNSET = "unset";

/** Every count up to 8, and fewer of the larger ones: neighbours of a large count hardly differ. */
const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256];

/** Logical CPUs that the machine's processes may use. */
const usableCpus = ({ cpu }: HostFacts): number =>
  cpu.logical.filter((c) => c.online && cpu.allowed.includes(c.cpu)).length;

/** Counts of threads or processes from one to the machine's logical CPUs; two in any case, because a quota may be burst. */
function countsOn(facts: HostFacts, rule: number, most = Infinity): number[] {
  const end = Math.min(most, Math.max(2, usableCpus(facts)));
  const counts = new Set([...COUNTS.filter((n) => n <= end), rule]);
  return [...counts].sort((a, b) => a - b);
}

/** Threads that compute one answer. The rule: as many as physical cores may be used. */
export function threadsKnob(facts: HostFacts, settings: (threads: number) => Record<string, unknown>): Knob {
  const { threads } = threadPlan(facts, { pin: "none" });
  return {
    name: "threads",
    help: "threads that compute one answer",
    rule: threads,
    values: countsOn(facts, threads),
    settings: (value) => settings(Number(value)),
  };
}

/** The most copies of a model, or replicas, that are tried: more hardly fit into a machine's memory. */
export const MOST_COPIES = 16;

/** Processes or copies that answer at the same time, one by the rule. */
export function processesKnob(facts: HostFacts, name: string, help: string): Knob {
  return {
    name,
    help,
    rule: 1,
    values: countsOn(facts, 1, MOST_COPIES),
    settings: (value) => ({ [name]: Number(value) }),
  };
}

/**
 * Replicas of the server, each with its share of the cores. Tried are numbers that divide the threads of the rule, each at least twice the
 * one before. Together, replicas have at least half as many threads as one server has by the rule, and no more than there are CPUs: others
 * leave cores idle or in each other's way. None where there is nothing to share.
 *
 * @param beside values that other knobs must have, so that there are not more combinations than a race can compare
 */
export function replicasKnob(facts: HostFacts, beside: Readonly<Record<string, KnobValue>> = {}): Knob[] {
  const { threads } = threadPlan(facts, { pin: "none" });
  const values = [1];
  for (let n = 2; n <= Math.min(threads, MOST_COPIES); n++)
    if (threads % n === 0 && n >= 2 * (values.at(-1) ?? 1)) values.push(n);
  if (values.length < 2) return [];
  return [
    {
      name: REPLICAS,
      help: "containers of the server, which share the cores",
      rule: 1,
      values,
      overlap: true,
      settings: (value) => (value === 1 ? {} : { [REPLICAS]: Number(value) }),
      fits: (value, others) => {
        if (value === 1) return true;
        const all = Number(value) * Number(others["threads"] ?? threads / Number(value));
        const isBeside = Object.entries(beside).every(([name, own]) => (others[name] ?? own) === own);
        return isBeside && all >= threads / 2 && all <= usableCpus(facts);
      },
    },
  ];
}

/** A knob whose value is the setting of its name, or `UNSET`. */
export function plainKnob(
  name: string,
  help: string,
  rule: KnobValue,
  values: readonly KnobValue[],
  more: Pick<Knob, "alone" | "protocol"> = {},
): Knob {
  const all = values.includes(rule) ? values : [...values, rule];
  return { name, help, rule, values: all, settings: (value) => (value === UNSET ? {} : { [name]: value }), ...more };
}

/**
 * Where threads may run. None where pinning cannot differ: one CPU, or an engine without the controller. `cores` differs from
 * `physical` where cores have hyper-threads, `node` where the machine has several NUMA nodes.
 */
export function pinKnobs(facts: HostFacts, more: Pick<Knob, "alone"> = {}): Knob[] {
  if (usableCpus(facts) < 2 || facts.docker.lacks?.includes("cpuset") === true) return [];
  const { physicalCores } = threadPlan(facts, { pin: "none" });
  const nodes = new Set(facts.cpu.logical.filter((c) => facts.cpu.allowed.includes(c.cpu)).map((c) => c.node));
  const values = [
    ...["none", "physical"],
    ...(usableCpus(facts) > physicalCores ? ["cores"] : []),
    ...(nodes.size > 1 ? ["node"] : []),
  ];
  return [plainKnob("pin", "the CPUs that the server is pinned to", "none", values, more)];
}
