import type { Fault } from "../../lib/errors.ts";
import { jsonOf } from "../../lib/json.ts";
import { CONFIG_KEYS, SERVER_MAP_KEYS, type ConfigValues, type ServerValues } from "./keys.ts";
import type { ConfigKey } from "./key.ts";
import { schemaFaults, unknownKey } from "./faults.ts";
import { inFile, STACK, within, type Places } from "./places.ts";

/** Config as it was read: the values that hold, and every fault that was found. */
export interface ReadConfig {
  readonly values: ConfigValues;
  /** The maps of `servers`; absent: it is not set. */
  readonly servers?: readonly ReadServer[];
  readonly faults: readonly Fault[];
  readonly places: Places;
}

/** A map of `servers`. */
export interface ReadServer {
  /** Undefined if it has none that can be used: that is among the faults. */
  readonly name: string | undefined;
  readonly values: ServerValues;
  readonly places: Places;
}

/**
 * Reads a stack's config as Pulumi holds it: a flat map of full keys to text, lists and maps as JSON. Keys of other
 * namespaces are left alone. Pure; all faults at once, each with its place first and the command that mends it.
 *
 * @param secret the full keys that hold a secret: none may, for what they say is in outputs and in names. No fault shows one
 */
export function readConfig(all: Readonly<Record<string, string>>, secret: readonly string[] = []): ReadConfig {
  const prefix = STACK.of("");
  const own = Object.entries(all)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => ({ name: key.slice(prefix.length), text, hidden: secret.includes(key) }));
  const open = own.filter((key) => !key.hidden).map(({ name, text }) => [name, decode(name, text)] as const);
  const found = read(open, STACK);
  const refused = own.filter((key) => key.hidden).map(({ name }) => secretFault(name));
  return { ...found, faults: [...refused, ...found.faults] };
}

function secretFault(name: string): Fault {
  return {
    what: `${STACK.of(name)}: set with --secret`,
    expected: "a plain value: outputs, resources and their names show it",
    fix: `${STACK.remove(name)}, then set it without --secret`,
  };
}

/** Reads a role's defaults, the parsed content of `stacks/roles/ROLE.yaml`, by the same schema. */
export function readRoleDefaults(content: unknown, file: string): ReadConfig {
  if (typeof content === "object" && content !== null && !Array.isArray(content))
    return read(Object.entries(content), inFile(file));
  return unreadable(file, { what: `${file}: not a map`, expected: "config keys and values, as in stacks/roles/" });
}

/** A file with a role's defaults of which nothing can be used. */
export function unreadable(file: string, fault: Fault): ReadConfig {
  return { values: {}, faults: [fault], places: inFile(file) };
}

type Raw = readonly (readonly [name: string, value: unknown])[];

function read(raw: Raw, places: Places): ReadConfig {
  const faults: Fault[] = [];
  const { servers: maps, ...values } = readKeys(raw, CONFIG_KEYS, places, faults);
  const servers = (maps as Record<string, unknown>[] | undefined)?.map((map, i): ReadServer => {
    const at = within(places, `servers[${i}]`);
    // What is missing is a fault of its own kind: it is looked at as what it is not.
    const entries = Object.entries({ name: undefined, ...map });
    const { name, ...own } = readKeys(entries, SERVER_MAP_KEYS, at, faults);
    return { name: name as string | undefined, values: own, places: at };
  });
  return { values, ...(servers === undefined ? {} : { servers }), faults, places };
}

/** The values that their keys' schemas take; what they do not is added to the faults. */
function readKeys(raw: Raw, keys: Readonly<Record<string, ConfigKey>>, places: Places, faults: Fault[]) {
  const values: Record<string, unknown> = {};
  for (const [name, given] of raw) {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      faults.push(unknownKey(name, Object.keys(keys), places));
      continue;
    }
    const value = name === "models" ? namesOfModels(given) : given;
    const result = key.schema.safeParse(value);
    if (result.success) values[name] = result.data;
    else faults.push(...schemaFaults(result.error, { at: name, value, places, fix: places.set(...key.example) }));
  }
  return values;
}

/** Text to what it means, by the key's form; what cannot be decoded stays text, and the schema names it as a fault. */
function decode(name: string, text: string): unknown {
  const form = Object.hasOwn(CONFIG_KEYS, name) ? CONFIG_KEYS[name as keyof typeof CONFIG_KEYS].form : "text";
  if (form === "integer" && /^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  return (form === "structured" && /^\s*[[{]/.test(text) ? jsonOf(text) : undefined) ?? text;
}

/** Names may stand in a row, `a, b`; and one of the models is called `null`, which YAML and JSON read as no value at all. */
function namesOfModels(value: unknown): unknown {
  const name = (entry: unknown) => (entry === null ? "null" : entry);
  if (typeof value === "string" && !/^\s*[[{]/.test(value)) return value.split(",").map((part) => part.trim());
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown) =>
    typeof entry === "object" && entry !== null && "name" in entry ? { ...entry, name: name(entry.name) } : name(entry),
  );
}
