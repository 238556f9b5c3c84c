import { z } from "zod";
import type { HostFacts } from "../../hosts/facts.ts";
import { threadPlan } from "../../threads.ts";
import type { Knob, ServerKind, SettingsPlan, SizedModel } from "../kind.ts";
import { pinKnobs, plainKnob, processesKnob, threadsKnob } from "../knobs.ts";

const wholeOf = (least: number, most: number) => {
  const words = `a whole number, ${least} to ${most}`;
  return z.number(words).int(words).min(least, words).max(most, words);
};
const PINS = ["none", "physical", "cores", "node"] as const;

/** What `lathe:settings` may say of a TorchServe; the automatic plan fills in what is absent. */
export const TorchServeSettings = z.strictObject({
  workers: wholeOf(1, 64).optional(),
  omp: wholeOf(1, 1024).optional(),
  torchThreads: wholeOf(1, 1024).optional(),
  nettyThreads: wholeOf(1, 64).optional(),
  batchSize: wholeOf(1, 64).optional(),
  batchDelayMs: wholeOf(0, 10_000).optional(),
  pin: z.enum(PINS, "none, physical, cores or node").default("none"),
});
export type TorchServeSettings = z.infer<typeof TorchServeSettings>;

/** The front end only passes bytes on: two threads keep it from waiting for one slow connection. */
const NETTY_THREADS = 2;
/** TorchServe's own default. */
const BATCH_DELAY_MS = 100;

export const settingsHelp: ServerKind["settingsHelp"] = [
  {
    key: "workers",
    help: "Processes for each model, 1 to 64: so many requests are computed at a time.",
    otherwise: "1",
  },
  {
    key: "omp",
    help: "OMP_NUM_THREADS of each worker, 1 to 1024.",
    otherwise: "the physical cores of the host that may be used, divided by the workers",
  },
  { key: "torchThreads", help: "torch.set_num_threads in each worker, 1 to 1024.", otherwise: "as omp" },
  {
    key: "nettyThreads",
    help: "number_of_netty_threads and netty_client_threads of the front end, 1 to 64.",
    otherwise: `${NETTY_THREADS}`,
  },
  {
    key: "batchSize",
    help: "Requests of a model that a worker computes together, 1 to 64.",
    otherwise: "1: each alone, as it comes",
  },
  {
    key: "batchDelayMs",
    help: "How long the first request of a batch waits for others, 0 to 10000 milliseconds.",
    otherwise: `${BATCH_DELAY_MS}, as in TorchServe; without effect on a batchSize of 1`,
  },
  {
    key: "pin",
    help:
      "none: the kernel places the threads. physical: the container gets one logical CPU of each core that the plan uses. " +
      "cores: it gets all hyper-threads of those cores. node: like physical, but only cores of one NUMA node are counted and used.",
    otherwise: "none",
  },
];

/** The settings that fit a machine, and where the container may run; numbers of the config are taken as they are. Pure. */
export function settingsFor(facts: HostFacts, wanted: TorchServeSettings): SettingsPlan<Required<TorchServeSettings>> {
  const { workers = 1, nettyThreads = NETTY_THREADS, batchSize = 1, batchDelayMs = BATCH_DELAY_MS, pin } = wanted;
  const given = Object.entries(wanted)
    .filter(([name, value]) => name !== "pin" && value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  const ruleFor = (cores: number) => Math.max(1, Math.floor(cores / workers));
  const perWorker = (cores: number) => wanted.torchThreads ?? wanted.omp ?? ruleFor(cores);
  const coresFor = (cores: number) => workers * perWorker(cores);
  const { threads: cores, ...placement } = threadPlan(facts, { pin, coresFor, given });
  const omp = wanted.omp ?? ruleFor(cores);
  const { torchThreads = omp } = wanted;
  return { settings: { workers, omp, torchThreads, nettyThreads, batchSize, batchDelayMs, pin }, placement };
}

/** What is tried: workers and their threads in all combinations; the front end's threads and batches by themselves. Pure. */
export function knobs(facts: HostFacts): Knob[] {
  return [
    processesKnob(facts, "workers", "processes for each model"),
    threadsKnob(facts, (omp) => ({ omp })),
    ...pinKnobs(facts, { alone: true }),
    plainKnob("nettyThreads", "threads of the front end", NETTY_THREADS, [1, NETTY_THREADS, 4], { alone: true }),
    plainKnob("batchSize", "requests computed as one", 1, [1, 4], { alone: true }),
  ];
}

/** MiB that Java takes, that a worker takes before it has a model, and that a model takes for each MiB of its archive: as was seen in the lab. */
const MEMORY = { frontEnd: 300, worker: 140, perArchiveMiB: 4 };

/** MiB that a server takes at the least: each worker has its model in memory of its own. Pure. */
export function memoryNeedMiB(models: readonly SizedModel[], { workers = 1 }: TorchServeSettings): number {
  const { frontEnd, worker, perArchiveMiB } = MEMORY;
  const each = models.map(({ bytes }) => worker + perArchiveMiB * (bytes / 2 ** 20));
  return Math.ceil(frontEnd + workers * each.reduce((sum, mib) => sum + mib, 0));
}

/** How many workers there are for each model, and what they compute together. Pure. */
export function servedBy({ workers = 1, batchSize = 1, batchDelayMs = BATCH_DELAY_MS }: TorchServeSettings) {
  return { workers, batchSize, batchDelayMs };
}

/** The settings as the container's environment: TorchServe's config file takes them from there, Lathe's handler the torch threads. Pure. */
export function settingsEnv(settings: TorchServeSettings): Record<string, string> {
  const { omp = 1, torchThreads = omp, nettyThreads = NETTY_THREADS } = settings;
  const { workers, batchSize, batchDelayMs } = servedBy(settings);
  return {
    OMP_NUM_THREADS: `${omp}`,
    TORCH_NUM_THREADS: `${torchThreads}`,
    TS_DEFAULT_WORKERS_PER_MODEL: `${workers}`,
    TS_NUMBER_OF_NETTY_THREADS: `${nettyThreads}`,
    TS_BATCH_SIZE: `${batchSize}`,
    TS_MAX_BATCH_DELAY: `${batchDelayMs}`,
  };
}

/** The variables among a container's that set workers, threads and batches, in order of their names. Pure. */
export function settingsShown({ env }: { readonly env: Readonly<Record<string, string>> }): Record<string, string> {
  const names = Object.keys(env).filter((name) => /^(OMP|OPENBLAS|MKL|TORCH|TS)_/.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, env[name] ?? ""]));
}
