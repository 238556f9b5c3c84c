import { StatusError } from "../codes.ts";
import { columns, isNamed, isObject, parseJson, tensorOf, UNNAMED_OUTPUT } from "../json/decode.ts";
import type { Tensor } from "../client.ts";

/**
 * The outputs of a `:predict` answer's JSON text: rows (`predictions`, the batch dimension put back) or columns
 * (`outputs`). Throws StatusError INTERNAL where the text is no such answer.
 */
export function decodePredictAnswer(text: string): Record<string, Tensor> {
  const answer = parseJson(text);
  if (!isObject(answer)) throw new StatusError("INTERNAL", "the answer is not a JSON object");
  if (typeof answer["error"] === "string") throw new StatusError("UNKNOWN", answer["error"]);
  if (Array.isArray(answer["predictions"])) return decodeRows(answer["predictions"]);
  if ("outputs" in answer) return columns(answer["outputs"]);
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
