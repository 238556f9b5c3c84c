import { z } from "zod";
import type { HostFacts } from "../hosts/facts.ts";
import { threadPlan } from "../threads.ts";
import type { ServerKind, SettingsPlan } from "./kind.ts";

const WHOLE = "a whole number, 1 to 1024";
const threads = z.number(WHOLE).int(WHOLE).min(1, WHOLE).max(1024, WHOLE);
const PINS = ["none", "physical", "cores", "node"] as const;

/** What `lathe:settings` may say of a TF Serving; the automatic plan fills in what is absent. */
export const TfServingSettings = z.strictObject({
  omp: threads.describe("OMP_NUM_THREADS").optional(),
  intraOp: threads.describe("TENSORFLOW_INTRA_OP_PARALLELISM").optional(),
  interOp: threads.describe("TENSORFLOW_INTER_OP_PARALLELISM").optional(),
  pin: z.enum(PINS, "none, physical, cores or node").default("none"),
});
export type TfServingSettings = z.infer<typeof TfServingSettings>;

/** The paper's setting: two operators at a time. */
const INTER_OP = 2;

const AS_CORES = "one for each physical core of the host that may be used (the rule of the paper and of Intel)";

export const settingsHelp: ServerKind["settingsHelp"] = [
  { key: "omp", help: `OMP_NUM_THREADS, ${WHOLE}: threads for one operator in the OpenMP build.`, otherwise: AS_CORES },
  {
    key: "intraOp",
    help: `TENSORFLOW_INTRA_OP_PARALLELISM, ${WHOLE}: threads in TensorFlow's own pool for one operator.`,
    otherwise: AS_CORES,
  },
  {
    key: "interOp",
    help: `TENSORFLOW_INTER_OP_PARALLELISM, ${WHOLE}: operators that run at the same time.`,
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

/** The thread settings that fit a machine, and where the container may run; numbers of the config are taken as they are. Pure. */
export function settingsFor(facts: HostFacts, wanted: TfServingSettings): SettingsPlan<Required<TfServingSettings>> {
  const { omp, intraOp, interOp, pin } = wanted;
  const given = Object.entries({ omp, intraOp, interOp })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  const coresFor = (rule: number) => Math.max(omp ?? rule, intraOp ?? rule);
  const { threads: rule, ...placement } = threadPlan(facts, { pin, coresFor, given });
  return {
    settings: { omp: omp ?? rule, intraOp: intraOp ?? rule, interOp: interOp ?? INTER_OP, pin },
    placement,
  };
}

/** The settings as the container's environment. Pure. */
export function settingsEnv({ omp = 1, intraOp = omp, interOp = INTER_OP }: TfServingSettings): Record<string, string> {
  return {
    OMP_NUM_THREADS: `${omp}`,
    TENSORFLOW_INTER_OP_PARALLELISM: `${interOp}`,
    TENSORFLOW_INTRA_OP_PARALLELISM: `${intraOp}`,
  };
}

/** The variables among a container's that set threads, in order of their names. Pure. */
export function settingsShown({ env }: { readonly env: Readonly<Record<string, string>> }): Record<string, string> {
  const names = Object.keys(env).filter((name) => /^(OMP|KMP|MKL|TENSORFLOW|TF)_/.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, env[name] ?? ""]));
}
