import { z } from "zod";
import type { HostFacts } from "../../hosts/facts.ts";
import { threadPlan } from "../../threads.ts";
import type { ServerKind, SettingsPlan } from "../kind.ts";

const whole = (min: number, max: number) => {
  const words = `a whole number, ${min} to ${max}`;
  return z.number(words).int(words).min(min, words).max(max, words);
};
const PINS = ["none", "physical", "cores", "node"] as const;

/** What `lathe:settings` may say of a Triton; the automatic plan fills in what is absent. */
export const TritonSettings = z
  .strictObject({
    instances: whole(1, 256).optional(),
    maxBatch: whole(0, 1024).default(0),
    preferredBatches: z.array(whole(2, 1024), "a list of whole numbers").default([]),
    queueDelayMicros: whole(0, 10_000_000).default(0),
    omp: whole(1, 1024).optional(),
    intraOp: whole(1, 1024).optional(),
    interOp: whole(1, 1024).optional(),
    sharedMemoryMiB: whole(16, 2 ** 20).optional(),
    pin: z.enum(PINS, "none, physical, cores or node").default("none"),
  })
  .superRefine(({ maxBatch, preferredBatches, queueDelayMicros }, context) => {
    const problem = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
    if (preferredBatches.some((size) => size > maxBatch))
      problem("preferredBatches", `sizes up to maxBatch, which is ${maxBatch}`);
    if (queueDelayMicros > 0 && maxBatch === 0) problem("queueDelayMicros", "0 where maxBatch is 0: nothing waits");
  });
export type TritonSettings = z.infer<typeof TritonSettings>;

/** The paper's setting: two operators at a time. */
const INTER_OP = 2;
/** MiB: Docker's own. */
const SHARED_MEMORY_MIB = 64;

const EACH = "the physical cores of the host that may be used, divided among the instances";

export const settingsHelp: ServerKind["settingsHelp"] = [
  {
    key: "instances",
    help:
      "instance_group count, 1 to 256: requests of one model that run at the same time. In the lab's image each is a process with " +
      "its own copy of the model.",
    otherwise: "1",
  },
  {
    key: "maxBatch",
    help:
      "max_batch_size, 0 to 1024: up to so many images of one size, of several requests, run as one (dynamic batching). The models " +
      "must take more than one image. 0: each request runs by itself.",
    otherwise: "0",
  },
  {
    key: "preferredBatches",
    help: "preferred_batch_size, a list of sizes up to maxBatch: a batch of such a size runs at once.",
    otherwise: "none",
  },
  {
    key: "queueDelayMicros",
    help: "max_queue_delay_microseconds, 0 to 10000000: how long a request waits for others of its batch.",
    otherwise: "0",
  },
  { key: "omp", help: "OMP_NUM_THREADS, 1 to 1024: threads for one operator in builds with OpenMP.", otherwise: EACH },
  {
    key: "intraOp",
    help: "TF_NUM_INTRA_THREADS, 1 to 1024: threads in TensorFlow's own pool for one operator, of each instance.",
    otherwise: EACH,
  },
  {
    key: "interOp",
    help: "TF_NUM_INTER_THREADS, 1 to 1024: operators of one instance that run at the same time.",
    otherwise: `${INTER_OP}, as in the paper`,
  },
  {
    key: "sharedMemoryMiB",
    help:
      "Size of /dev/shm, MiB: models in processes of their own get their tensors there. If it is too small, Triton says that it is ready and " +
      "refuses requests; the gate finds that with a large image.",
    otherwise: `${SHARED_MEMORY_MIB}, as Docker has it`,
  },
  {
    key: "pin",
    help:
      "none: the kernel places the threads. physical: the container gets one logical CPU of each core that the plan uses. " +
      "cores: it gets all hyper-threads of those cores. node: like physical, but only cores of one NUMA node are counted and used.",
    otherwise: "none",
  },
];

/** The settings that fit a machine, and where the container may run; those of the config are taken as they are. Pure. */
export function settingsFor(facts: HostFacts, wanted: TritonSettings): SettingsPlan<Required<TritonSettings>> {
  const { instances = 1, omp, intraOp, interOp, sharedMemoryMiB = SHARED_MEMORY_MIB, pin } = wanted;
  const given = Object.entries({ instances: wanted.instances, omp, intraOp, interOp })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  const coresFor = (rule: number) => Math.max(omp ?? rule, intraOp ?? rule, instances);
  const { threads: rule, ...placement } = threadPlan(facts, { pin, coresFor, given });
  const each = Math.max(1, Math.floor(rule / instances));
  return {
    settings: {
      ...wanted,
      ...{ instances, omp: omp ?? each, intraOp: intraOp ?? each, interOp: interOp ?? INTER_OP, sharedMemoryMiB },
    },
    placement,
  };
}

/** The variable in which the container says how its models are configured; Triton does not read it. */
const CONFIGURED = "LATHE_MODEL_CONFIG";

/** What of a model's configuration the settings decide, by Triton's names; the gate compares it with the running server's. */
export function configured(settings: TritonSettings): Record<string, string> {
  const { instances = 1, maxBatch, preferredBatches, queueDelayMicros } = settings;
  return {
    "instance_group.count": `${instances}`,
    max_batch_size: `${maxBatch}`,
    ...(maxBatch === 0
      ? {}
      : {
          ...(preferredBatches.length === 0
            ? {}
            : { "dynamic_batching.preferred_batch_size": preferredBatches.join(",") }),
          "dynamic_batching.max_queue_delay_microseconds": `${queueDelayMicros}`,
        }),
  };
}

/** What of a model's configuration TensorFlow reads, by the names of Triton's TensorFlow backend. */
export function parameters({ intraOp = 1, interOp = INTER_OP }: TritonSettings): Record<string, string> {
  return { TF_NUM_INTRA_THREADS: `${intraOp}`, TF_NUM_INTER_THREADS: `${interOp}` };
}

/** The container's environment. Pure. */
export function settingsEnv(settings: TritonSettings): Record<string, string> {
  const { omp = 1, sharedMemoryMiB = SHARED_MEMORY_MIB } = settings;
  const all = { ...configured(settings), ...parameters(settings), "shm-size": `${sharedMemoryMiB}m` };
  const pairs = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return { OMP_NUM_THREADS: `${omp}`, [CONFIGURED]: pairs.join(" ") };
}

/** A container's settings: those of its models, and its variables that set threads. Pure. */
export function settingsShown({ env }: { readonly env: Readonly<Record<string, string>> }): Record<string, string> {
  const threads = Object.keys(env).filter((name) => /^(OMP|KMP|MKL|TF)_/.test(name));
  const pairs = (env[CONFIGURED] ?? "").split(" ").flatMap((pair) => {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries([...threads.sort().map((name) => [name, env[name] ?? ""] as const), ...pairs]);
}
