import { z } from "zod";
import { clientKinds } from "../clients/index.ts";
import type { CellLimits } from "../limits.ts";

/** How REST requests may carry a photograph, by the client kind that sends it so. */
export const ENCODINGS = { lists: "rest", base64: "rest-b64" } as const;

/** One value or a list of them; never an empty list. */
function some<T extends z.ZodType>(item: T) {
  return z.preprocess((v) => (v === undefined || Array.isArray(v) ? v : [v]), z.array(item).min(1).optional());
}

/** The same, where the word `all` means that nothing is chosen. */
function someOrAll<T extends z.ZodType>(item: T) {
  return z.preprocess((v) => (v === "all" ? undefined : v), some(item));
}

const word = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, "a name of letters, digits, dots and hyphens");
const image = z.preprocess(
  (v) => (typeof v === "string" && /^image-\d+$/i.test(v) ? Number(v.slice(6)) : v),
  z.number("a photograph's number, such as 2").int().positive(),
);
const positive = z.number("a positive number").positive("a positive number");
const count = z
  .number("a whole number, 1 or more")
  .int("a whole number, 1 or more")
  .min(1, "a whole number, 1 or more");
const kinds = clientKinds.map((k) => k.name);

const precision = z.preprocess((v) => {
  if (v === "none") return null;
  const percent = typeof v === "string" ? /^(\d+(?:\.\d+)?)\s*%$/.exec(v)?.[1] : undefined;
  return percent === undefined ? v : Number(percent) / 100;
}, z.number("such as 2 %, 0.02 or none").positive("more than 0").max(1, "at most 100 % (2 % is 0.02)").nullable().optional());

const limits = z
  .strictObject({
    requests: count.optional(),
    minRequests: count.optional(),
    blockRequests: count.optional(),
    blockSeconds: positive.optional(),
    warmupRequests: z.number("a whole number").int("a whole number").min(0, "0 or more").optional(),
    timeoutSeconds: positive.optional(),
  })
  .transform(({ blockSeconds, timeoutSeconds, ...rest }): CellLimits => {
    const all = {
      ...rest,
      blockMs: blockSeconds === undefined ? undefined : blockSeconds * 1000,
      timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    };
    return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
  });

const shape = {
  about: z.string().optional(),
  /** Roles that requests come from; `same`: each server's own machine. */
  clientMachines: z.union([z.literal("same"), some(word)]).optional(),
  /** Roles that answer; `all`; `others`: all but the requesting one. */
  serverMachines: z.union([z.literal("all"), z.literal("others"), some(word)]).optional(),
  models: someOrAll(word),
  images: someOrAll(image),
  protocols: some(z.enum(["grpc", "rest"])),
  encodings: some(z.enum(["lists", "base64"])),
  clientKinds: some(z.enum(kinds)),
  concurrency: some(count),
  ratePerSecond: some(positive),
  precision,
  limits: limits.optional(),
};

/** What `defaults` may hold, and every experiment besides its name. */
export const Fields = z.strictObject(shape);
export type Fields = z.infer<typeof Fields>;

/** One experiment as a file has it. */
export const ExperimentFields = z.strictObject({
  name: z.string("a name").regex(/^[a-z0-9][a-z0-9-]*$/, "a name of small letters, digits and hyphens"),
  ...shape,
});

/** One experiment, with its file's defaults. Absent lists: all there is. */
export interface Experiment extends Fields {
  readonly name: string;
}

/** Keys that a key of a file may be mistaken for, to suggest one. */
export const KEYS = [
  ...["defaults", "experiments", "name", ...Object.keys(shape)],
  ...["requests", "minRequests", "blockRequests", "blockSeconds", "warmupRequests", "timeoutSeconds"],
] as const;
