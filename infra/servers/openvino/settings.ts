import { z } from "zod";
import type { HostFacts } from "../../hosts/facts.ts";
import { threadPlan } from "../../threads.ts";
import type { Knob, ServerKind, SettingsPlan } from "../kind.ts";
import { pinKnobs, plainKnob, processesKnob, threadsKnob, UNSET } from "../knobs.ts";

const WHOLE = "a whole number, 1 to 1024";
const count = z.number(WHOLE).int(WHOLE).min(1, WHOLE).max(1024, WHOLE);
const HINTS = ["latency", "throughput"] as const;
const PRECISIONS = ["f32", "bf16", "f16"] as const;
const PINS = ["none", "physical", "cores", "node"] as const;

/** What `lathe:settings` may say of an OpenVINO Model Server; the automatic plan fills in what is absent. */
export const OpenvinoSettings = z
  .strictObject({
    threads: count.describe("INFERENCE_NUM_THREADS").optional(),
    streams: count.describe("NUM_STREAMS").optional(),
    hint: z.enum(HINTS, "latency or throughput").optional(),
    precision: z.enum(PRECISIONS, "f32, bf16 or f16").default("f32"),
    pin: z.enum(PINS, "none, physical, cores or node").default("none"),
  })
  .refine(({ streams, hint }) => streams === undefined || hint === undefined, {
    path: ["hint"],
    error: "streams or hint, not both: a hint is how OpenVINO chooses the streams by itself",
  });
export type OpenvinoSettings = z.infer<typeof OpenvinoSettings>;

export const settingsHelp: ServerKind["settingsHelp"] = [
  {
    key: "threads",
    help: `INFERENCE_NUM_THREADS, ${WHOLE}: threads that compute, of all streams together.`,
    otherwise: "one for each physical core of the host that may be used",
  },
  {
    key: "streams",
    help: `NUM_STREAMS, ${WHOLE}: requests that are computed at the same time, which share the threads.`,
    otherwise: "as `hint` says",
  },
  {
    key: "hint",
    help:
      "PERFORMANCE_HINT. latency: one stream, which has all threads. throughput: OpenVINO chooses the number of streams. " +
      "Not together with `streams`.",
    otherwise: "latency, as in the server itself",
  },
  {
    key: "precision",
    help:
      "INFERENCE_PRECISION_HINT: f32, bf16 or f16. With bf16 (AVX-512) and f16 (AVX512-FP16) other detections come out: do not compare " +
      "them with those of other servers. A processor that cannot compute in them takes f32; `up` and reports say so.",
    otherwise:
      "f32, not the bf16 that the server itself takes where the processor has it: answers are then TensorFlow's",
  },
  {
    key: "pin",
    help:
      "none: the kernel places the threads (ENABLE_CPU_PINNING false). physical: the container gets one logical CPU of each core that the " +
      "plan uses. cores: it gets all hyper-threads of those cores. node: like physical, but only cores of one NUMA node are counted and " +
      "used. If the container is pinned, OpenVINO pins its threads within it, and its memory comes from the NUMA nodes of its CPUs.",
    otherwise: "none, as for the other server kinds",
  },
];

/** The settings that fit a machine, and where the container may run; those of the config are taken as they are. Pure. */
export function settingsFor(facts: HostFacts, wanted: OpenvinoSettings): SettingsPlan<OpenvinoSettings> {
  const { threads, streams, pin } = wanted;
  const given = Object.entries({ threads, streams }).flatMap(([name, value]) => (value ? [`${name} ${value}`] : []));
  const { threads: rule, ...placement } = threadPlan(facts, { pin, coresFor: (n) => threads ?? n, given });
  return { settings: { ...wanted, threads: threads ?? rule }, placement };
}

/** What is tried: threads and streams in all combinations, and OpenVINO's own choice of streams. No precision: it changes answers. Pure. */
export function knobs(facts: HostFacts): Knob[] {
  const streams = processesKnob(facts, "streams", "requests that are computed at the same time");
  return [
    threadsKnob(facts, (threads) => ({ threads })),
    plainKnob("streams", streams.help, UNSET, [...streams.values, UNSET]),
    ...pinKnobs(facts, { alone: true }),
    plainKnob("hint", "how OpenVINO chooses the streams", UNSET, ["throughput", UNSET], { alone: true }),
  ];
}

/** Properties of OpenVINO's CPU device by the names of its documentation: `plugin_config` of every model. */
export type PluginConfig = Readonly<Record<string, string | number | boolean>>;

/** The settings as `plugin_config`. Pure. */
export function pluginConfig({ threads, streams, hint, precision, pin }: OpenvinoSettings): PluginConfig {
  return {
    ...(streams === undefined ? { PERFORMANCE_HINT: (hint ?? "latency").toUpperCase() } : { NUM_STREAMS: streams }),
    ...(threads === undefined ? {} : { INFERENCE_NUM_THREADS: threads }),
    INFERENCE_PRECISION_HINT: precision,
    ENABLE_CPU_PINNING: pin !== "none",
  };
}

/** Every property that a config of Lathe's may set. */
const PROPERTIES = [
  ...["PERFORMANCE_HINT", "NUM_STREAMS", "INFERENCE_NUM_THREADS", "INFERENCE_PRECISION_HINT", "ENABLE_CPU_PINNING"],
];

/**
 * The properties of a running container, from its environment. The server reads them from its config file alone, of which `up` has seen
 * that it says the same (`gate.ts`); an engine tells the environment, and does not show files. Pure.
 */
export function settingsShown({ env }: { readonly env: Readonly<Record<string, string>> }): Record<string, string> {
  return Object.fromEntries(PROPERTIES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
