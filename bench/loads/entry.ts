import { z } from "zod";
import { nearest } from "../../lib/nearest.ts";
import type { Load } from "./load.ts";
import { type LoadMode } from "./load.ts";
import { LOAD_MODES, type LoadModes } from "./registry.ts";

/**
 * Reads an entry of an experiment's `loads`: `{ mode: poisson, ratePerSecond: 10 }`, or the mode's name alone if that is enough. The mode's
 * own schema checks the other keys and fills in defaults. A key that it does not have is a fault.
 */
export function loadEntry(modes: LoadModes = LOAD_MODES): z.ZodType<Load> {
  const names = modes.map((m) => m.mode as string);
  return z.unknown().transform((value, context): Load => {
    const refuse = (message: string, ...path: readonly PropertyKey[]) => {
      context.addIssue({ code: "custom", message, path: [...path] });
    };
    const entry = typeof value === "string" ? { mode: value } : value;
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      refuse("a load, such as { mode: poisson, ratePerSecond: 10 }");
      return z.NEVER;
    }
    const { mode: name } = entry as { readonly mode?: unknown };
    const mode = modes.find((m) => m.mode === name) as LoadMode | undefined;
    if (mode === undefined) {
      const meant = typeof name === "string" ? nearest(name, names) : undefined;
      refuse(meant === undefined ? `one of ${names.join(", ")}` : `did you mean ${meant}?`, ...modePath(value));
      return z.NEVER;
    }
    const parsed = strictly(mode.schema).safeParse(entry);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      if (issue.code !== "unrecognized_keys") refuse(issue.message, ...issue.path);
      else for (const key of issue.keys) refuse(keysOf(mode.schema), ...issue.path, key);
    }
    return z.NEVER;
  });
}

/** A name by itself has no key to point to. */
const modePath = (value: unknown) => (typeof value === "string" ? [] : ["mode"]);

const strictly = (schema: z.ZodType<Load>): z.ZodType<Load> =>
  schema instanceof z.ZodObject ? (schema.strict() as unknown as z.ZodType<Load>) : schema;

function keysOf(schema: z.ZodType<Load>): string {
  const keys = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return `a key of this mode: ${keys.join(", ")}`;
}
