import type { z } from "zod";
import type { Fault } from "../../lib/errors.ts";
import { CONFIG_KEYS, type ConfigKey, type ConfigKeyName, type ConfigValues } from "./keys.ts";
import { show } from "../../lib/show.ts";
import { nearest } from "../../lib/nearest.ts";

/** Config as it was read: the values that hold, and every fault that was found. */
export interface ReadConfig {
  readonly values: ConfigValues;
  readonly faults: readonly Fault[];
}

const isKey = (name: string): name is ConfigKeyName => Object.hasOwn(CONFIG_KEYS, name);

/**
 * Reads a stack's config as Pulumi holds it: a flat map of full keys to text, lists and maps as JSON. Keys of other
 * namespaces are left alone. Pure; all faults at once, each with its place first and the command that mends it.
 */
export function readConfig(all: Readonly<Record<string, string>>, namespace = "lathe"): ReadConfig {
  const prefix = `${namespace}:`;
  const raw = Object.entries(all)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => [key.slice(prefix.length), decode(key.slice(prefix.length), text)] as const);
  return check(raw, {
    place: (name) => `${prefix}${name}`,
    fix: (name) => `pulumi config set ${CONFIG_KEYS[name].example.replace("lathe:", prefix)}`,
    remove: (name) => `pulumi config rm ${prefix}${name}`,
  });
}

/** Reads a role's defaults, the parsed content of `stacks/roles/ROLE.yaml`, by the same schema. */
export function readRoleDefaults(content: unknown, file: string): ReadConfig {
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return {
      values: {},
      faults: [{ what: `${file}: not a map`, expected: "config keys and values, as in stacks/roles/" }],
    };
  }
  return check(Object.entries(content), {
    place: (name) => `${file}: ${name}`,
    fix: () => `edit ${file}`,
    remove: () => `edit ${file}`,
  });
}

interface Words {
  place(name: string): string;
  fix(name: ConfigKeyName): string;
  remove(name: string): string;
}

function check(raw: readonly (readonly [string, unknown])[], words: Words): ReadConfig {
  const values: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const [name, value] of raw) {
    if (!isKey(name)) {
      const guess = nearest(name, Object.keys(CONFIG_KEYS));
      faults.push({
        what: `${words.place(name)}: no such key${guess === undefined ? "" : `, did you mean ${words.place(guess)}?`}`,
        fix: words.remove(name),
      });
      continue;
    }
    const result = (CONFIG_KEYS[name] as ConfigKey).schema.safeParse(name === "models" ? namesOfModels(value) : value);
    if (result.success) values[name] = result.data;
    else for (const issue of result.error.issues) faults.push(faultOf(name, value, issue, words));
  }
  return { values: values, faults };
}

function faultOf(name: ConfigKeyName, value: unknown, issue: z.core.$ZodIssue, words: Words): Fault {
  const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const at = issue.path.reduce<unknown>((v, part) => (v as Record<PropertyKey, unknown> | undefined)?.[part], value);
  return {
    what: `${words.place(name)}${path}: ${at === undefined ? "missing" : show(at)}`,
    expected: issue.message,
    fix: words.fix(name),
  };
}

/** Text to what it means, by the key's form; what cannot be decoded stays text, and the schema names it as a fault. */
function decode(name: string, text: string): unknown {
  const form = isKey(name) ? CONFIG_KEYS[name].form : "text";
  if (form === "integer" && /^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  if (form === "structured" && /^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  if (name === "models") return text.split(",").map((part) => part.trim());
  return text;
}

/** One of the models is called `null`, which YAML and JSON read as no value at all. */
function namesOfModels(value: unknown): unknown {
  const name = (entry: unknown) => (entry === null ? "null" : entry);
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown) =>
    typeof entry === "object" && entry !== null && "name" in entry ? { ...entry, name: name(entry.name) } : name(entry),
  );
}
