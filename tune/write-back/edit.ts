import { isMap, isScalar, parseDocument, type Document } from "yaml";
import type { Tuned } from "../../infra/tuned.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { jsonOf } from "../../lib/json.ts";

/* Writes what a tuning has found into the text of a stack's config file, and takes it out. Comments stay. All functions here are pure. */

/** Where in its stack's config a server has its settings. Null: in the stack's own keys. Otherwise: in the map of `lathe:servers` with this name. */
export type Home = null | { readonly server: string };

const SERVERS = "lathe:servers";

function opened(text: string, file: string): Document {
  const document = parseDocument(text, { logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) throw new UserError({ what: `${file}: ${messageOf(error)}`, fix: `edit ${file}` });
  return document;
}

/** Quotes new text, because Pulumi's YAML reads a plain time as a time, and `on` as true. */
const written = (document: Document) =>
  document.toString({ defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });

/** The path of the map that has the server's keys, and the prefix of keys there. */
function placeOf(document: Document, home: Home, file: string): { path: (string | number)[]; prefix: string } {
  if (home === null) return { path: ["config"], prefix: "lathe:" };
  asMap(document, ["config", SERVERS]);
  const servers = (document.toJS() as { config?: Record<string, unknown> } | null)?.config?.[SERVERS];
  const at = Array.isArray(servers) ? servers.findIndex((one: unknown) => nameOf(one) === home.server) : -1;
  if (at < 0)
    throw new UserError({
      what: `${file}: ${SERVERS} has no server "${home.server}"`,
      expected: "an entry with the name of the tuned server: its settings must not hold for others",
    });
  return { path: ["config", SERVERS, at], prefix: "" };
}

const nameOf = (one: unknown) => (typeof one === "object" && one !== null && "name" in one ? one.name : undefined);

/** Turns JSON text (`pulumi config set KEY '{…}'`) into a list or map, so that it can be changed in part. */
function asMap(document: Document, path: readonly (string | number)[]): void {
  const node = document.getIn(path, true);
  if (!isScalar(node) || typeof node.value !== "string") return;
  const value = jsonOf(node.value);
  if (typeof value === "object" && value !== null) document.setIn(path, document.createNode(value));
}

/** `lathe:settings` or `lathe:tuned` of a server as the file has it. */
function mapAt(document: Document, path: readonly (string | number)[]): Record<string, unknown> | undefined {
  asMap(document, path);
  const node = document.getIn(path, true);
  return isMap(node) ? (node.toJS(document) as Record<string, unknown>) : undefined;
}

/** The file's text with the found settings and `lathe:tuned`. What an earlier tuning had set is taken out first. */
export function withTuning(text: string, home: Home, found: Omit<Tuned, "before">, file: string): string {
  const document = opened(withoutTuning(text, home, file), file);
  const { path, prefix } = placeOf(document, home, file);
  const settings = [...path, `${prefix}settings`];
  const before = mapAt(document, settings);
  for (const [key, value] of Object.entries(found.settings)) document.setIn([...settings, key], value);
  document.setIn([...path, `${prefix}tuned`], document.createNode({ ...found, ...(before && { before }) }));
  return written(document);
}

/** The file's text as it was before a tuning; later changes by hand stay. The same text if there was no tuning. */
export function withoutTuning(text: string, home: Home, file: string): string {
  const document = opened(text, file);
  const { path, prefix } = placeOf(document, home, file);
  const tuned = mapAt(document, [...path, `${prefix}tuned`]) as Partial<Tuned> | undefined;
  if (tuned === undefined) return text;
  const settings = [...path, `${prefix}settings`];
  const { settings: set = {}, before } = tuned;
  const now = mapAt(document, settings) ?? {};
  for (const [key, value] of Object.entries(set)) {
    if (now[key] !== value) continue;
    if (before !== undefined && Object.hasOwn(before, key)) document.setIn([...settings, key], before[key]);
    else document.deleteIn([...settings, key]);
  }
  if (before === undefined && Object.keys(mapAt(document, settings) ?? {}).length === 0) document.deleteIn(settings);
  document.deleteIn([...path, `${prefix}tuned`]);
  return written(document);
}

/** The lines in which two texts differ, `-` and `+`, with one line before and after them. */
export function difference(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  const most = Math.min(old.length, now.length) - head;
  while (tail < most && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  if (head === old.length && head === now.length) return [];
  const around = (line: string | undefined) => (line === undefined || line === "" ? [] : [`  ${line}`]);
  return [
    ...around(old[head - 1]),
    ...old.slice(head, old.length - tail).map((line) => `- ${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+ ${line}`),
    ...around(old[old.length - tail]),
  ];
}
