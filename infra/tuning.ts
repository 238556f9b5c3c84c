import { formatCpuList } from "../lib/cpulist.ts";
import type { Tuned } from "./tuned.ts";
import type { HostFacts } from "./hosts/facts.ts";
import { threadPlan } from "./threads.ts";

/* Whether what `lathe tune` has found still holds. All of it is pure. */

const MIB = 2 ** 20;
/** A new kernel finds a little more or less memory, which changes nothing. */
const MEMORY_STEP_MIB = 256;

/** The facts that a server's settings depend on. */
export function tunedMachine(facts: HostFacts): Tuned["machine"] {
  const online = facts.cpu.logical.filter((c) => c.online).map((c) => c.cpu);
  return {
    cpu: facts.cpu.model,
    cpus: formatCpuList(facts.cpu.allowed.filter((cpu) => online.includes(cpu))),
    cores: threadPlan(facts, { pin: "none" }).physicalCores,
    quotaCpus: facts.cpu.quotaCpus,
    memoryMiB: Math.max(1, Math.round(facts.memoryBytes / MIB / MEMORY_STEP_MIB)) * MEMORY_STEP_MIB,
  };
}

/** What a server is now, to be compared with what it was tuned as. */
export interface TunedNow {
  readonly facts: HostFacts;
  readonly models: readonly string[];
  /** `lathe:settings` as the config has it. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What has changed since a server was tuned, in words; none: it still holds. */
export function staleness(tuned: Tuned, now: TunedNow): string[] {
  const { machine } = tuned;
  const is = tunedMachine(now.facts);
  const quota = (cpus: number | null) => (cpus === null ? "no CPU quota" : `a CPU quota of ${cpus}`);
  const changed = (what: string, was: string | number, value: string | number) =>
    was === value ? [] : [`${what}: ${was} then, ${value} now`];
  const edited = Object.entries(tuned.settings).filter(([key, value]) => now.settings[key] !== value);
  return [
    ...changed("CPU", machine.cpu, is.cpu),
    ...changed("CPUs that may be used", machine.cpus, is.cpus),
    ...changed("physical cores", machine.cores, is.cores),
    ...changed("quota", quota(machine.quotaCpus), quota(is.quotaCpus)),
    ...changed("memory in MiB", machine.memoryMiB, is.memoryMiB),
    ...(now.models.includes(tuned.model) ? [] : [`model ${tuned.model}: not served any more`]),
    ...edited.map(([key, value]) => `setting ${key}: ${value} was found, ${shown(now.settings[key])} is set`),
  ];
}

/** What of its image has changed: it is known later than the rest. */
export function staleImage(tuned: Pick<Tuned, "image">, image: string): string[] {
  const digest = (reference: string) => reference.replace(/^.*@/, "");
  return digest(tuned.image) === digest(image) ? [] : [`image: ${digest(tuned.image)} then, ${digest(image)} now`];
}

const shown = (value: unknown): string =>
  typeof value === "string" || typeof value === "number"
    ? `${value}`
    : value === undefined
      ? "nothing"
      : "another value";

/** A sentence for the plan's reason. */
export function tunedReason({ at, for: objective, model, gain, interval: [low, high] }: Tuned, stale: boolean): string {
  const found = `Tuned on ${at.slice(0, 10)} for ${objective} of ${model}: ${times(gain)} times the rule (${times(low)} to ${times(high)})`;
  return stale ? `${found}, on other facts than today's.` : `${found}.`;
}

const times = (ratio: number): string => ratio.toFixed(2);
