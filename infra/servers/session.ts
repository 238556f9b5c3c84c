import { z } from "zod";
import type { HostFacts } from "../hosts/facts.ts";
import { threadPlan } from "../threads.ts";
import type { Knob, ServerKind, SettingsPlan, SizedModel } from "./kind.ts";
import { pinKnobs, plainKnob, threadsKnob } from "./knobs.ts";

/* The settings of TensorFlow's session, for every kind whose servers run one: threads, and where they run. */

/** A number of threads or processes. */
export const COUNT = "a whole number, 1 to 1024";
export const count = z.number(COUNT).int(COUNT).min(1, COUNT).max(1024, COUNT);
const PINS = ["none", "physical", "cores", "node"] as const;

/** What `lathe:settings` may say of a session; the automatic plan fills in what is absent. */
export const SessionSettings = z.strictObject({
  omp: count.describe("OMP_NUM_THREADS").optional(),
  intraOp: count.describe("TENSORFLOW_INTRA_OP_PARALLELISM").optional(),
  interOp: count.describe("TENSORFLOW_INTER_OP_PARALLELISM").optional(),
  pin: z.enum(PINS, "none, physical, cores or node").default("none"),
});
export type SessionSettings = z.infer<typeof SessionSettings>;

/** The paper's setting: two operators at a time. */
export const INTER_OP = 2;

const AS_CORES = "one for each physical core of the host that may be used (the rule of the paper and of Intel)";

/** @param share what follows on the rule where several processes share the cores */
export const sessionHelp = (share = ""): ServerKind["settingsHelp"] => [
  {
    key: "omp",
    help: `OMP_NUM_THREADS, ${COUNT}: threads for one operator in the OpenMP build.`,
    otherwise: `${AS_CORES}${share}`,
  },
  {
    key: "intraOp",
    help: `TENSORFLOW_INTRA_OP_PARALLELISM, ${COUNT}: threads in TensorFlow's own pool for one operator.`,
    otherwise: `${AS_CORES}${share}`,
  },
  {
    key: "interOp",
    help: `TENSORFLOW_INTER_OP_PARALLELISM, ${COUNT}: operators that run at the same time.`,
    otherwise: `${INTER_OP}, as in the paper`,
  },
  {
    key: "pin",
    help:
      "none: the kernel places the threads. physical: the container gets one logical CPU of each core that the plan uses. " +
      "cores: it gets all hyper-threads of those cores. node: like physical, but only cores of one NUMA node are counted and used. " +
      "If the container is pinned, its memory comes from the NUMA nodes of its CPUs.",
    otherwise: "none, as in the paper",
  },
];

/**
 * The thread settings that fit a machine, and where the container may run; numbers of the config are taken as they are. Pure.
 *
 * @param processes that have a session each: they share the cores, and each has at least one thread
 */
export function sessionFor(
  facts: HostFacts,
  { omp, intraOp, interOp, pin }: SessionSettings,
  processes = 1,
): SettingsPlan<Required<SessionSettings>> {
  const given = Object.entries({ omp, intraOp, interOp })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  const share = (threads: number) => Math.max(1, Math.floor(threads / processes));
  const coresFor = (rule: number) => processes * Math.max(omp ?? share(rule), intraOp ?? share(rule));
  const { threads, ...placement } = threadPlan(facts, { pin, coresFor, given });
  const rule = share(threads);
  const reason =
    processes === 1 ? placement.reason : `${placement.reason} ${processes} processes share them: ${rule} each.`;
  return {
    settings: { omp: omp ?? rule, intraOp: intraOp ?? rule, interOp: interOp ?? INTER_OP, pin },
    placement: { ...placement, reason },
  };
}

/**
 * What is tried of a session: threads for one operator, operators at a time, CPUs. Pure.
 *
 * @param rest with other processes beside it, `alone`: their number and threads are combinations enough for a race
 */
export function sessionKnobs(facts: HostFacts, rest: Pick<Knob, "alone"> = {}): Knob[] {
  return [
    threadsKnob(facts, (threads) => ({ omp: threads, intraOp: threads })),
    plainKnob("interOp", "operators that run at the same time", INTER_OP, [1, 2, 4], rest),
    ...pinKnobs(facts, rest),
  ];
}

/** The settings as the container's environment. Pure. */
export function sessionEnv({ omp = 1, intraOp = omp, interOp = INTER_OP }: SessionSettings): Record<string, string> {
  return {
    OMP_NUM_THREADS: `${omp}`,
    TENSORFLOW_INTER_OP_PARALLELISM: `${interOp}`,
    TENSORFLOW_INTRA_OP_PARALLELISM: `${intraOp}`,
  };
}

/** The variables among a container's that set threads, and those whose names the pattern fits, in order of their names. Pure. */
export function variablesShown(
  { env }: { readonly env: Readonly<Record<string, string>> },
  more = /^$/,
): Record<string, string> {
  const names = Object.keys(env).filter((name) => /^(OMP|KMP|MKL|TENSORFLOW|TF)_/.test(name) || more.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, env[name] ?? ""]));
}

const MIB = 2 ** 20;
/** Of a process with TensorFlow's library and no model: 167 MiB were measured. */
const PROCESS_MIB = 160;
/**
 * How often a model's bytes are in memory at rest, for the graph is kept in several forms. Measured with TensorFlow 2.14's session
 * after one call: 6.3 times (R-FCN, SSD) to 7 times (SSDLite), and twice that while it loads. Graphs with variables hold less.
 */
const COPIES = 4;

/** MiB that a process with a session takes at the least once each model has answered. Pure. */
export function sessionMemoryMiB(models: readonly SizedModel[]): number {
  return PROCESS_MIB + Math.ceil(models.reduce((sum, { bytes }) => sum + COPIES * bytes, 0) / MIB);
}
