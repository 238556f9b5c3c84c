import { z } from "zod";
import type { HostFacts } from "../../hosts/facts.ts";
import type { Knob, ServerKind, SettingsPlan } from "../kind.ts";
import { plainKnob, replicasKnob, UNSET } from "../knobs.ts";
import {
  COUNT,
  count,
  INTER_OP,
  sessionEnv,
  sessionFor,
  sessionHelp,
  sessionKnobs,
  SessionSettings,
  variablesShown,
} from "../session.ts";

const BLOCKTIME = "a whole number of milliseconds, 0 to 60000";
const SWITCH = ["off", "on"] as const;

/** What `lathe:settings` may say of this server: a session's settings, and what the process does around the session. */
export const TfServingSettings = SessionSettings.extend({
  blocktimeMs: z.number(BLOCKTIME).int(BLOCKTIME).min(0, BLOCKTIME).max(60_000, BLOCKTIME).optional(),
  mallocArenas: count.optional(),
  batching: z.enum(SWITCH, "off or on").default("off"),
  restThreads: count.optional(),
});
/** The server's own default may stand in place of an absent one. */
export type TfServingSettings = SessionSettings & Partial<z.infer<typeof TfServingSettings>>;

const BATCHING_FLAG = "--enable_batching";
const REST_THREADS_FLAG = "--rest_api_num_threads";

export const settingsHelp: ServerKind["settingsHelp"] = [
  ...sessionHelp(),
  {
    key: "blocktimeMs",
    help: "KMP_BLOCKTIME, 0 to 60000: how long a thread of Intel's OpenMP build spins after its work, ms, before it sleeps.",
    otherwise: "Intel's own default, 200",
  },
  {
    key: "mallocArenas",
    help: `MALLOC_ARENA_MAX, ${COUNT}: areas of glibc's allocator. Fewer take less memory, and threads wait for each other more often.`,
    otherwise: "glibc's own default, eight for each CPU",
  },
  {
    key: "batching",
    help: `${BATCHING_FLAG}: requests that wait at the same time are computed as one. The model must take several images.`,
    otherwise: "off",
  },
  {
    key: "restThreads",
    help: `${REST_THREADS_FLAG}, ${COUNT}: threads that read and write REST.`,
    otherwise: "the server's own default, four for each CPU",
  },
];

/** The settings that fit a machine, and where the container may run. Pure. */
export function settingsFor(facts: HostFacts, wanted: TfServingSettings): SettingsPlan<TfServingSettings> {
  const { settings, placement } = sessionFor(facts, wanted);
  return { settings: { ...wanted, ...settings }, placement };
}

/** What is tried: the session's knobs and replicas in all combinations, and what lies around the session by itself. Pure. */
export function knobs(facts: HostFacts): Knob[] {
  return [
    ...sessionKnobs(facts),
    ...replicasKnob(facts, { interOp: INTER_OP }),
    plainKnob("blocktimeMs", "how long idle OpenMP threads spin, ms", UNSET, [0, 1, UNSET], { alone: true }),
    plainKnob("mallocArenas", "areas of the allocator", UNSET, [1, 2, UNSET], { alone: true }),
    plainKnob("batching", "requests computed as one", "off", ["off", "on"], { alone: true }),
    plainKnob("restThreads", "threads that read and write REST", UNSET, [2, UNSET], { alone: true, protocol: "rest" }),
  ];
}

/** The settings as the container's environment. Pure. */
export function settingsEnv({ blocktimeMs, mallocArenas, ...session }: TfServingSettings): Record<string, string> {
  return {
    ...sessionEnv(session),
    ...(blocktimeMs === undefined ? {} : { KMP_BLOCKTIME: `${blocktimeMs}` }),
    ...(mallocArenas === undefined ? {} : { MALLOC_ARENA_MAX: `${mallocArenas}` }),
  };
}

/** The settings as flags of the server. Pure. */
export function settingsFlags({ batching, restThreads }: TfServingSettings): string[] {
  return [
    ...(batching === "on" ? [`${BATCHING_FLAG}=true`] : []),
    ...(restThreads === undefined ? [] : [`${REST_THREADS_FLAG}=${restThreads}`]),
  ];
}

/** The variables and flags of a running container that are settings. Pure. */
export const settingsShown: ServerKind["settingsShown"] = ({ env, command }) => {
  const flags = command.flatMap((word) => {
    const [name = "", value = ""] = word.split("=", 2);
    return [BATCHING_FLAG, REST_THREADS_FLAG].includes(name) ? [[name.replace(/^--/, ""), value] as const] : [];
  });
  return { ...variablesShown({ env }, /^MALLOC_ARENA_MAX$/), ...Object.fromEntries(flags) };
};
