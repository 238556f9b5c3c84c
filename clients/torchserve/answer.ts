import { StatusError } from "../codes.ts";
import type { Tensor } from "../client.ts";
import { isObject, parseJson, tensorOf } from "../json/decode.ts";

/** A failed answer that is longer is no reason that a person can read. */
const LONGEST_ERROR = 2 ** 16;

/**
 * The outputs of a prediction: JSON's nested lists by name as tensors.
 * Throws StatusError: INTERNAL where the bytes are no such answer, RESOURCE_EXHAUSTED where they would take too much memory.
 */
export function decodeAnswer(bytes: Uint8Array): Record<string, Tensor> {
  const answer = parseJson(textOf(bytes));
  if (!isObject(answer)) throw new StatusError("INTERNAL", "the answer is not a JSON object of outputs by name");
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, tensorOf(name, value)]));
}

/** Why a REST call failed, in the server's words: its `type` and `message`, or what else it sent. */
export function failureOf(status: number, bytes: Uint8Array): string {
  const text = bytes.length > LONGEST_ERROR ? "" : textOf(bytes);
  try {
    const answer: unknown = JSON.parse(text);
    if (isObject(answer) && typeof answer["message"] === "string" && answer["message"] !== "") {
      const type = typeof answer["type"] === "string" ? `${answer["type"].slice(0, 100)}: ` : "";
      return `${type}${answer["message"].slice(0, 1500)}`;
    }
  } catch {
    // Not TorchServe's form: shown as it came.
  }
  return `HTTP ${status}${text === "" ? "" : `: ${text.slice(0, 500)}`}`;
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
