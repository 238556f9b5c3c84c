import { z } from "zod";
import { PROTOCOLS, clientKinds } from "../../../clients/registry.ts";
import { PERCENT, percentOf } from "../../format/percent.ts";
import { loadEntry } from "../../loads/entry.ts";
import { count, positive } from "../../loads/keys.ts";
import { loadKeys } from "../../loads/registry.ts";
import { AXES, type Axis } from "../axes.ts";
import type { CellLimits } from "../limits.ts";
import { Link } from "../link.ts";
import { SLO, THRESHOLD, sloOf, thresholdOf } from "./threshold.ts";

/** How REST requests may carry a photograph, by what the client kind sends. */
export const ENCODINGS = { lists: "pixels", base64: "file" } as const;

/** One value or a list of them; never an empty list. */
function some<T extends z.ZodType>(item: T) {
  const list = z.array(item, "a list").min(1, "one or more; without the key: the default");
  return z.preprocess((v) => (v === undefined || Array.isArray(v) ? v : [v]), list.optional());
}

/** The same, where the word `all` means that nothing is chosen. */
function someOrAll<T extends z.ZodType>(item: T) {
  return z.preprocess((v) => (v === "all" ? undefined : v), some(item));
}

/** A name of a machine or model. */
const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
/** A server's kind or id: `edge`, `edge/second`. */
const SERVER = /^[A-Za-z0-9][\w.-]{0,99}(\/[\w.-]{1,100})?$/;

/** A name, which no word that stands for several may be. */
function named(form: RegExp, expected: string, ...words: readonly string[]) {
  return z
    .string(expected)
    .regex(form, expected)
    .refine((name) => !words.includes(name), expected);
}

function oneOf<const T extends string>(words: readonly T[]) {
  return z.enum(words, `one of ${words.join(", ")}`);
}

const model = named(NAME, "models' names, or all by itself", "all");
const server = named(SERVER, "servers' ids or kinds, such as edge, or all by itself", "all");
const requesting = named(NAME, "machines, such as client, or same by itself", "same", "all", "others");
const answering = named(NAME, "machines, such as edge, or all or others by itself", "same", "all", "others");
const IMAGE = "a photograph's number, such as 2";
const image = z.preprocess(
  (v) => (typeof v === "string" && /^image-\d+$/i.test(v) ? Number(v.slice(6)) : v),
  z.number(IMAGE).int(IMAGE).positive(IMAGE),
);
/** Node's timers go no further: beyond it a call would time out at once. */
const seconds = positive.max(2_000_000, "at most 2000000");

const PRECISION = `${PERCENT}, or none`;
const precision = z.preprocess(
  (v) => (v === undefined ? undefined : v === "none" ? null : (percentOf(v) ?? NaN)),
  z.number(PRECISION).positive("more than 0 %").max(1, "at most 100 %").nullable().optional(),
);

const limitShape = {
  requests: count.optional(),
  minRequests: count.optional(),
  blockRequests: count.optional(),
  blockSeconds: seconds.optional(),
  warmupRequests: z.number("a whole number").int("a whole number").min(0, "0 or more").optional(),
  timeoutSeconds: seconds.optional(),
};

const limits = z
  .strictObject(limitShape, "a map, such as { requests: 50 }")
  .transform(({ blockSeconds, timeoutSeconds, ...rest }): CellLimits => {
    return {
      ...rest,
      ...(blockSeconds !== undefined && { blockMs: blockSeconds * 1000 }),
      ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1000 }),
    };
  });

/** Which cells it asks for, but for short keys of loads and axes of their own. */
const shape = {
  about: z.string("a sentence for people").optional(),
  /** Machines that call; `same`: each server's own. */
  clientMachines: z.union([z.literal("same"), some(requesting)]).optional(),
  /** Machines whose servers answer; `all`; `others`: all but the one that calls. */
  serverMachines: z.union([z.literal("all"), z.literal("others"), some(answering)]).optional(),
  /** Of the servers on those machines: ids, or kinds. */
  servers: someOrAll(server),
  models: someOrAll(model),
  images: someOrAll(image),
  protocols: some(oneOf(PROTOCOLS.map((p) => p.key))),
  encodings: some(oneOf(["lists", "base64"])),
  clientKinds: some(oneOf(clientKinds.map((k) => k.name))),
  /** Loads by their modes' names; other keys (`loadKeys`) are short for some of them. */
  loads: some(loadEntry()),
  /** What the bench puts between a client machine and a server machine that are not one. */
  links: some(Link),
};
const threshold = z.string(THRESHOLD).refine((text) => thresholdOf(text) !== undefined, THRESHOLD);

/** How its cells are measured, and what they must keep to. */
const how = {
  thresholds: some(threshold),
  /** What counts into goodput. */
  slo: z
    .string(SLO)
    .refine((text) => sloOf(text) !== undefined, SLO)
    .optional(),
  precision,
  limits: limits.optional(),
};

/** What an experiment says besides its name; its keys for loads are read by `loadsOf`, levels on axes of their own by `levelsOf`. */
export type Fields = z.infer<ExperimentSchema["defaults"]>;

/** One experiment, with its file's defaults. Absent lists: all there is. */
export interface Experiment extends Fields {
  readonly name: string;
}

/** The keys there are, by where they may stand. */
export type Keys = Readonly<Record<"file" | "defaults" | "experiment" | "limits", readonly string[]>>;

/** What a file of experiments may hold, where the matrix has these axes: those that have levels of their own are keys too. */
export function experimentSchema(axes: readonly Axis[] = AXES) {
  const loads = Object.entries(loadKeys()).map(([key, value]) => [key, some(value)] as const);
  const own = axes.flatMap(({ key, plan }) => (plan === undefined ? [] : [[key, some(oneOf(plan.levels))] as const]));
  const whole = { ...shape, ...Object.fromEntries(loads), ...Object.fromEntries(own), ...how };
  const name = z
    .string("a name")
    .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, "a name of small letters, digits and hyphens, 60 at most");
  const keys: Keys = {
    file: ["defaults", "experiments"],
    defaults: Object.keys(whole),
    experiment: ["name", ...Object.keys(whole)],
    limits: Object.keys(limitShape),
  };
  return {
    keys,
    /** What `defaults` may hold. */
    defaults: z.strictObject(whole, "a map of what experiments have in common"),
    /** One experiment as a file has it. */
    experiment: z.strictObject({ name, ...whole }, "an experiment, such as `- name: parallel`"),
  };
}
export type ExperimentSchema = ReturnType<typeof experimentSchema>;

/** The levels that an experiment asks for on an axis of its own, or the one that holds where it asks for none. Pure. */
export function levelsOf(experiment: Experiment, { key }: Axis, otherwise: string): readonly string[] {
  return (experiment as unknown as Readonly<Record<string, readonly string[] | undefined>>)[key] ?? [otherwise];
}
