import { z } from "zod";
import { clientKinds } from "../../../clients/registry.ts";
import type { CellLimits } from "../limits.ts";
import { PERCENT, percentOf } from "../../format/percent.ts";

/** How REST requests may carry a photograph, by the client kind that sends it so. */
export const ENCODINGS = { lists: "rest", base64: "rest-b64" } as const;

/** One value or a list of them; never an empty list. */
function some<T extends z.ZodType>(item: T) {
  const list = z.array(item, "a list").min(1, "one or more; without the key: the default");
  return z.preprocess((v) => (v === undefined || Array.isArray(v) ? v : [v]), list.optional());
}

/** The same, where the word `all` means that nothing is chosen. */
function someOrAll<T extends z.ZodType>(item: T) {
  return z.preprocess((v) => (v === "all" ? undefined : v), some(item));
}

/** A name of a machine or model, which no word that stands for several may be. */
function named(expected: string, ...words: readonly string[]) {
  return z
    .string(expected)
    .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, expected)
    .refine((name) => !words.includes(name), expected);
}

/** One of some words. */
function oneOf<const T extends readonly string[]>(words: T) {
  return z.enum(words, `one of ${words.join(", ")}`);
}

const model = named("models' names, or all by itself", "all");
const requesting = named("names of roles, such as client, or same by itself", "same", "all", "others");
const answering = named("names of roles, such as edge, or all or others by itself", "same", "all", "others");
const IMAGE = "a photograph's number, such as 2";
const image = z.preprocess(
  (v) => (typeof v === "string" && /^image-\d+$/i.test(v) ? Number(v.slice(6)) : v),
  z.number(IMAGE).int(IMAGE).positive(IMAGE),
);
const positive = z.number("a positive number").positive("a positive number");
const count = z
  .number("a whole number, 1 or more")
  .int("a whole number, 1 or more")
  .min(1, "a whole number, 1 or more");
const kinds = clientKinds.map((k) => k.name);

const PRECISION = `${PERCENT}, or none`;
const precision = z.preprocess(
  (v) => (v === undefined ? undefined : v === "none" ? null : (percentOf(v) ?? NaN)),
  z.number(PRECISION).positive("more than 0 %").max(1, "at most 100 %").nullable().optional(),
);

const limitShape = {
  requests: count.optional(),
  minRequests: count.optional(),
  blockRequests: count.optional(),
  blockSeconds: positive.optional(),
  warmupRequests: z.number("a whole number").int("a whole number").min(0, "0 or more").optional(),
  timeoutSeconds: positive.optional(),
};

const limits = z
  .strictObject(limitShape, "a map, such as { requests: 50 }")
  .transform(({ blockSeconds, timeoutSeconds, ...rest }): CellLimits => {
    const all = {
      ...rest,
      blockMs: blockSeconds === undefined ? undefined : blockSeconds * 1000,
      timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    };
    return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
  });

const shape = {
  about: z.string("a sentence for people").optional(),
  /** Roles that requests come from; `same`: each server's own machine. */
  clientMachines: z.union([z.literal("same"), some(requesting)]).optional(),
  /** Roles that answer; `all`; `others`: all but the requesting one. */
  serverMachines: z.union([z.literal("all"), z.literal("others"), some(answering)]).optional(),
  models: someOrAll(model),
  images: someOrAll(image),
  protocols: some(oneOf(["grpc", "rest"])),
  encodings: some(oneOf(["lists", "base64"])),
  clientKinds: some(oneOf(kinds)),
  concurrency: some(count),
  ratePerSecond: some(positive),
  precision,
  limits: limits.optional(),
};

/** What `defaults` may hold, and every experiment besides its name. */
export const Fields = z.strictObject(shape, "a map of what experiments have in common");
export type Fields = z.infer<typeof Fields>;

/** One experiment as a file has it. */
export const ExperimentFields = z.strictObject(
  {
    name: z
      .string("a name")
      .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, "a name of small letters, digits and hyphens, 60 at most"),
    ...shape,
  },
  "an experiment, such as `- name: parallel`",
);

/** One experiment, with its file's defaults. Absent lists: all there is. */
export interface Experiment extends Fields {
  readonly name: string;
}

/** The keys there are, by where they may stand. */
export const KEYS = {
  file: ["defaults", "experiments"],
  defaults: Object.keys(shape),
  experiment: ["name", ...Object.keys(shape)],
  limits: Object.keys(limitShape),
} as const;
