import { z } from "zod";
import type { HostFacts } from "../../hosts/facts.ts";
import type { Knob, ServerKind, SettingsPlan } from "../kind.ts";
import { plainKnob, processesKnob } from "../knobs.ts";
import { SessionSettings, sessionFor, sessionHelp, sessionKnobs, variablesShown } from "../session.ts";

const whole = (min: number, max: number) => {
  const words = `a whole number, ${min} to ${max}`;
  return z.number(words).int(words).min(min, words).max(max, words);
};

/** What `lathe:settings` may say of a Triton; the automatic plan fills in what is absent. */
export const TritonSettings = SessionSettings.extend({
  instances: whole(1, 256).default(1),
  maxBatch: whole(0, 1024).default(0),
  preferredBatches: z.array(whole(1, 1024), "a list of whole numbers").default([]),
  queueDelayMicros: whole(0, 10_000_000).default(0),
  sharedMemoryMiB: whole(2, 2 ** 20).default(64),
}).superRefine(({ maxBatch, preferredBatches, queueDelayMicros }, context) => {
  const problem = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if (preferredBatches.some((size) => size > maxBatch))
    problem("preferredBatches", `sizes up to maxBatch, which is ${maxBatch}`);
  if (queueDelayMicros > 0 && maxBatch === 0) problem("queueDelayMicros", "0 where maxBatch is 0: nothing waits");
});
export type TritonSettings = z.infer<typeof TritonSettings>;

/** Triton's names for the threads of TensorFlow's session. */
const THREADS = { INTRA_OP_PARALLELISM: "NUM_INTRA_THREADS", INTER_OP_PARALLELISM: "NUM_INTER_THREADS" };

function inTritonsNames(help: string): string {
  return Object.entries(THREADS).reduce(
    (text, [theirs, own]) => text.replace(`TENSORFLOW_${theirs}`, `TF_${own}`),
    help,
  );
}

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
  {
    key: "sharedMemoryMiB",
    help:
      "Size of /dev/shm, MiB: models in processes of their own get their tensors there. If it is too small, Triton says that it is ready " +
      "and refuses requests; the gate finds that with a large image.",
    otherwise: "64, as Docker has it",
  },
  ...sessionHelp(", divided among the instances").map((one) => ({ ...one, help: inTritonsNames(one.help) })),
];

/** The settings that fit a machine, and where the container may run; those of the config are taken as they are. Pure. */
export function settingsFor(facts: HostFacts, wanted: TritonSettings): SettingsPlan<TritonSettings> {
  const { settings, placement } = sessionFor(facts, wanted, wanted.instances);
  return { settings: { ...wanted, ...settings }, placement };
}

/** What is tried: instances and their sessions in all combinations, and dynamic batches. Pure. */
export function knobs(facts: HostFacts): Knob[] {
  return [
    processesKnob(facts, "instances", "requests of one model at a time"),
    ...sessionKnobs(facts, { alone: true }),
    plainKnob("maxBatch", "requests computed as one", 0, [0, 4], { alone: true }),
  ];
}

/** What of a model's configuration the settings decide, by Triton's names; the gate compares it with the running server's. Pure. */
export function configured(settings: TritonSettings): Record<string, string> {
  const { instances, maxBatch, preferredBatches, queueDelayMicros } = settings;
  return {
    "instance_group.count": `${instances}`,
    max_batch_size: `${maxBatch}`,
    ...(preferredBatches.length === 0 ? {} : { "dynamic_batching.preferred_batch_size": preferredBatches.join(",") }),
    ...(maxBatch === 0 ? {} : { "dynamic_batching.max_queue_delay_microseconds": `${queueDelayMicros}` }),
  };
}

/** What of a model's configuration TensorFlow reads, by the names of Triton's TensorFlow backend. Pure. */
export function parameters({ intraOp = 1, interOp = 1 }: TritonSettings): Record<string, string> {
  return { TF_NUM_INTRA_THREADS: `${intraOp}`, TF_NUM_INTER_THREADS: `${interOp}` };
}

/** The variable in which the container says how its models are configured; Triton does not read it, the gate checks it. */
const CONFIGURED = "LATHE_MODEL_CONFIG";

/** The container's environment. Pure. */
export function settingsEnv(settings: TritonSettings): Record<string, string> {
  const all = { ...configured(settings), ...parameters(settings), "shm-size": `${settings.sharedMemoryMiB}m` };
  const pairs = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return { OMP_NUM_THREADS: `${settings.omp ?? 1}`, [CONFIGURED]: pairs.join(" ") };
}

/** A container's settings: its variables that set threads, and how its models are configured. Pure. */
export function settingsShown({ env }: { readonly env: Readonly<Record<string, string>> }): Record<string, string> {
  const pairs = (env[CONFIGURED] ?? "").split(" ").flatMap((pair) => {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return { ...variablesShown({ env }), ...Object.fromEntries(pairs) };
}
