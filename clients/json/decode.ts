import { show } from "../../lib/show.ts";
import { StatusError } from "../codes.ts";
import { MAX_RANK } from "../tensors.ts";
import type { Tensor } from "../client.ts";

/** The name of an output whose own name the REST answer leaves out: the only one of its signature. */
export const UNNAMED_OUTPUT = "";

/**
 * Outputs by name as dense tensors. Numbers become DT_FLOAT (JSON does not say which kind they were), booleans DT_BOOL, strings and
 * `{"b64"}` DT_STRING. Throws StatusError INTERNAL where they are none.
 */
export function columns(outputs: unknown): Record<string, Tensor> {
  if (!isNamed(outputs)) return { [UNNAMED_OUTPUT]: tensorOf(UNNAMED_OUTPUT, outputs) };
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, tensorOf(name, value)]));
}

/** Nested lists as a dense tensor (of a rank far below what a recursion bears). Throws StatusError INTERNAL where they are ragged or of mixed kinds. */
export function tensorOf(name: string, nested: unknown): Tensor {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  if (shape.length > MAX_RANK) throw malformed(name, `lists nested ${shape.length} deep`);
  const elements: unknown[] = [];
  if (!flatten(nested, shape, 0, elements))
    throw malformed(name, `its lists are not all of shape [${shape.join(",")}]`);
  const sample = elements[0];
  if (sample === undefined || typeof sample === "number") {
    if (!elements.every((e) => typeof e === "number")) throw malformed(name, "not all of its values are numbers");
    return { dtype: "DT_FLOAT", shape, data: Float32Array.from(elements) };
  }
  if (typeof sample === "boolean") {
    if (!elements.every((e) => typeof e === "boolean")) throw malformed(name, "not all of its values are booleans");
    return { dtype: "DT_BOOL", shape, data: Uint8Array.from(elements, Number) };
  }
  return { dtype: "DT_STRING", shape, data: elements.map((e) => bytesOf(name, e)) };
}

function flatten(value: unknown, shape: readonly number[], axis: number, into: unknown[]): boolean {
  if (axis === shape.length) {
    into.push(value);
    return !Array.isArray(value);
  }
  return (
    Array.isArray(value) && value.length === shape[axis] && value.every((part) => flatten(part, shape, axis + 1, into))
  );
}

function bytesOf(name: string, element: unknown): Uint8Array {
  if (typeof element === "string") return Buffer.from(element, "utf8");
  if (isObject(element) && typeof element["b64"] === "string") return Buffer.from(element["b64"], "base64");
  throw malformed(name, `${show(element)} is neither number, boolean, string nor {"b64"}`);
}

function malformed(name: string, why: string): StatusError {
  return new StatusError("INTERNAL", `output "${name}" in the answer: ${why}`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object of outputs by name, and not the one object that is a value: `{"b64": …}`. */
export function isNamed(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !(Object.keys(value).length === 1 && typeof value["b64"] === "string");
}

/**
 * Strings, or one of the three bare words that servers write for floats that JSON has no number for. A string that does not
 * close reaches to the end: tried again at each of its quotes, a text of n bytes would take n² steps.
 */
const STRING_OR_BARE_WORD = /"(?:[^"\\]|\\[^])*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g;

/** Texts up to this length cannot make values that take much. */
const FREE_CHARACTERS = 2 ** 22;
/** Bytes that a text's values may take. */
const LARGEST_VALUES_BYTES = 2 ** 29;
/** What begins with each of these characters takes about so many bytes once it is parsed; a comma, the element after it. */
const BYTES_OF = new Uint8Array(128);
for (const [character, bytes] of [
  ["{", 64],
  ["[", 48],
  [",", 24],
  ['"', 16],
] as const)
  // prettier-ignore
  BYTES_OF[character.charCodeAt(0)] = bytes;

/**
 * Throws StatusError RESOURCE_EXHAUSTED where the values of a long text would take too much memory: `{},{},…` takes twenty times its
 * length. Not where they stand but that they stand there counts, so that a text's strings may count, too.
 */
function checkSize(text: string): void {
  if (text.length <= FREE_CHARACTERS) return;
  let bytes = 0;
  for (let at = 0; at < text.length; at++) bytes += BYTES_OF[text.charCodeAt(at)] ?? 0;
  const most = `${LARGEST_VALUES_BYTES / 2 ** 20} MiB`;
  if (bytes > LARGEST_VALUES_BYTES)
    throw new StatusError("RESOURCE_EXHAUSTED", `the answer's values would take more than ${most} of memory`);
}

/** A server's JSON, those words among it. Throws StatusError: INTERNAL where it is none, RESOURCE_EXHAUSTED where it is too much. */
export function parseJson(text: string): unknown {
  checkSize(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw notJson(text, error);
  }
  // Rare, so it may be slow. 1e999 is infinite in JSON.parse; NaN has no such number and is found again by its mark.
  const mark = "\u0000NaN";
  const numbers = text.replace(STRING_OR_BARE_WORD, (word) =>
    word.startsWith('"') ? word : word === "NaN" ? JSON.stringify(mark) : word.replace("Infinity", "1e999"),
  );
  try {
    return JSON.parse(numbers, (_key, value: unknown) => (value === mark ? NaN : value));
  } catch (error) {
    throw notJson(text, error);
  }
}

function notJson(text: string, cause: unknown): StatusError {
  return new StatusError("INTERNAL", `the answer is not JSON: ${JSON.stringify(text.slice(0, 200))}`, { cause });
}

/** A failed answer that is longer is no reason that a person can read. */
const LONGEST_ERROR = 2 ** 16;

/** The text of a failed answer: its `error` field, or what else the server sent. */
export function errorText(status: number, text: string): string {
  try {
    const answer: unknown = text.length > LONGEST_ERROR ? undefined : JSON.parse(text);
    if (isObject(answer) && typeof answer["error"] === "string" && answer["error"] !== "")
      return answer["error"].slice(0, 1500);
  } catch {
    // Not of that form: shown as it came.
  }
  return `HTTP ${status}${text === "" ? " without a body" : `: ${text.slice(0, 500)}`}`;
}
