import { z } from "zod";

/** One config key: what it holds and how it is set. */
export interface ConfigKey {
  /** `text` is taken as it stands; `integer` and `structured` (JSON, as Pulumi hands lists and maps on) are decoded. */
  readonly form: "text" | "integer" | "structured";
  readonly schema: z.ZodType;
  readonly help: string;
  /** What holds where the key is not set, in words. */
  readonly otherwise: string;
  /** What a person would set: a path below the namespace, and a value. */
  readonly example: readonly [path: string, value: string];
}

/** What servers, roles, models and kinds may be called. */
export const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number, what = "a whole number") {
  const error = `${what}, ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

/** The reference of an image. */
export const imageReference = z
  .string({ error: "an image reference" })
  .regex(/^[a-z0-9][^\s@]*(@sha256:[0-9a-f]{64})?$/, "an image reference, best with its digest: NAME@sha256:…");
