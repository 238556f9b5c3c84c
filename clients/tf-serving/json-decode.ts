import { show } from "../../lib/show.ts";
import { StatusError } from "../codes.ts";
import { isObject, parseJson } from "../json-text.ts";
import { MAX_RANK } from "../tensors.ts";
import type { Tensor } from "../client.ts";

/** The name of an output whose own name the REST answer leaves out: the only one of its signature. */
const UNNAMED_OUTPUT = "";

/**
 * The outputs of a `:predict` answer's JSON text: rows (`predictions`, the batch dimension put back) or columns
 * (`outputs`). Numbers become DT_FLOAT (JSON does not say which kind they were), booleans DT_BOOL, strings and `{"b64"}`
 * DT_STRING. Throws StatusError INTERNAL where the text is no such answer.
 */
export function decodePredictAnswer(text: string): Record<string, Tensor> {
  const answer = parseJson(text);
  if (!isObject(answer)) throw new StatusError("INTERNAL", "the answer is not a JSON object");
  if (typeof answer["error"] === "string") throw new StatusError("UNKNOWN", answer["error"]);
  if (Array.isArray(answer["predictions"])) return decodeRows(answer["predictions"]);
  if ("outputs" in answer) return decodeColumns(answer["outputs"]);
  throw new StatusError("INTERNAL", `the answer has neither "predictions" nor "outputs": ${text.slice(0, 200)}`);
}

function decodeRows(rows: readonly unknown[]): Record<string, Tensor> {
  const first = rows[0];
  if (!isNamed(first)) return { [UNNAMED_OUTPUT]: tensorOf(UNNAMED_OUTPUT, rows) };
  // Looked at once: for each of a row's names, a row of n names would take n² steps.
  const named = rows.map((row) => (isNamed(row) ? row : {}));
  const column = (name: string) => named.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined));
  return Object.fromEntries(Object.keys(first).map((name) => [name, tensorOf(name, column(name))]));
}

function decodeColumns(outputs: unknown): Record<string, Tensor> {
  if (!isNamed(outputs)) return { [UNNAMED_OUTPUT]: tensorOf(UNNAMED_OUTPUT, outputs) };
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, tensorOf(name, value)]));
}

/** Nested lists as a dense tensor (of a rank far below what a recursion bears). Throws StatusError INTERNAL where they are ragged or of mixed kinds. */
function tensorOf(name: string, nested: unknown): Tensor {
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

/** An object of outputs by name, and not the one object that is a value: `{"b64": …}`. */
function isNamed(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !(Object.keys(value).length === 1 && typeof value["b64"] === "string");
}
