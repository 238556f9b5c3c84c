import { show } from "../../lib/show.ts";
import type { Tensor } from "../client.ts";
import { answerTooLarge, StatusError } from "../codes.ts";
import { MAX_RANK } from "../tensors.ts";

/** A longer answer is given up: parsed, JSON may take twenty times its length. The answer to one image has some 12 kB. */
export const LARGEST_ANSWER_BYTES = 2 ** 24;

/** A failed answer that is longer is no reason that a person can read. */
const LONGEST_ERROR = 2 ** 16;

/**
 * The outputs of a prediction: JSON's nested lists of numbers by name become DT_FLOAT tensors.
 * Throws StatusError: INTERNAL where the bytes are no such answer, RESOURCE_EXHAUSTED where they are too many.
 */
export function decodeAnswer(bytes: Uint8Array): Record<string, Tensor> {
  if (bytes.length > LARGEST_ANSWER_BYTES) throw answerTooLarge(LARGEST_ANSWER_BYTES);
  const text = textOf(bytes);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new StatusError("INTERNAL", `the answer is not JSON: ${show(text.slice(0, 200))}`, { cause: error });
  }
  if (!isObject(answer)) throw new StatusError("INTERNAL", "the answer is not a JSON object of outputs by name");
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, tensorOf(name, value)]));
}

function tensorOf(name: string, nested: unknown): Tensor {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  const fault = (why: string) => new StatusError("INTERNAL", `output ${show(name)} in the answer: ${why}`);
  if (shape.length > MAX_RANK) throw fault(`lists nested ${shape.length} deep`);
  const numbers: number[] = [];
  if (!flatten(nested, shape, 0, numbers)) throw fault(`it is not numbers in lists of shape [${shape.join(",")}]`);
  return { dtype: "DT_FLOAT", shape, data: Float32Array.from(numbers) };
}

/** Adds the numbers in order; false where a list has another length than the shape says, or something is no number. */
function flatten(value: unknown, shape: readonly number[], axis: number, into: number[]): boolean {
  if (axis < shape.length)
    return (
      Array.isArray(value) &&
      value.length === shape[axis] &&
      value.every((part) => flatten(part, shape, axis + 1, into))
    );
  if (typeof value !== "number") return false;
  into.push(value);
  return true;
}

/** Why a REST call failed, in the server's words: its `type` and `message`, its reason phrase, or what else it sent. */
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
