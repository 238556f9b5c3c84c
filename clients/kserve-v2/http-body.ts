import { StatusError } from "../codes.ts";
import { isObject, parseJson } from "../json/decode.ts";
import { Budget, checkTensor } from "../tensors.ts";
import type { HttpBody } from "../transport/http.ts";
import type { LastSaid } from "../transport/last-said.ts";
import { datatypeOf, headOf, rawOf, tensorOfRaw, type OutputHead } from "./elements.ts";
import { tensorOfJson } from "./json-elements.ts";
import type { PredictRequest, Tensor } from "../client.ts";

/** The header, in either direction, that tells how many bytes of JSON stand before the tensors' own. */
const JSON_LENGTH = "inference-header-content-length";

/**
 * An infer request's body in the form of the binary tensors extension: JSON, then each input's elements as they lie in memory. It
 * asks for the outputs in the same form. The pieces share memory with the request's tensors.
 * Throws StatusError INVALID_ARGUMENT where a tensor's data does not fit its type and shape.
 */
export function binaryBody({ inputs }: PredictRequest): HttpBody {
  const raws: Uint8Array[] = [];
  const heads = Object.entries(inputs).map(([name, tensor]) => {
    checkTensor(name, tensor);
    const raw = rawOf(tensor);
    raws.push(raw);
    const parameters = { binary_data_size: raw.length };
    return { name, datatype: datatypeOf(tensor.dtype), shape: tensor.shape, parameters };
  });
  const json = Buffer.from(JSON.stringify({ inputs: heads, parameters: { binary_data_output: true } }), "utf8");
  return {
    pieces: [json, ...raws],
    length: raws.reduce((sum, raw) => sum + raw.length, json.length),
    type: "application/octet-stream",
    headers: { [JSON_LENGTH]: `${json.length}` },
  };
}

/** What an answer's JSON says of an output: its elements are there, or so many bytes behind it. */
interface Output {
  readonly head: OutputHead;
  readonly size: unknown;
  readonly data: unknown;
}

/** What the JSON of a connection's last answer said, if all elements were behind it. */
export type LastOutputs = LastSaid<readonly Output[]>;

/**
 * The outputs of an infer answer's body by name: elements in JSON, or behind it where the head says how long that is.
 *
 * @param jsonLength bytes of JSON as the head tells them; undefined: all of the body
 * @param last read and written
 * @throws StatusError INTERNAL where the body is no such answer, RESOURCE_EXHAUSTED where its tensors would take too much memory
 */
export function outputsOfBody(
  body: Buffer,
  jsonLength: number | undefined,
  last?: LastOutputs,
): Record<string, Tensor> {
  const end = jsonLength ?? body.length;
  if (end > body.length)
    throw new StatusError("INTERNAL", `the answer has ${body.length} bytes, of which ${end} would be JSON`);
  const budget = new Budget();
  const known = last?.match(body);
  const outputs = known?.length === end ? known.said : outputsOfJson(body.toString("utf8", 0, end), budget);
  let at = end;
  const named = outputs.map(({ head, size, data }): [string, Tensor] => {
    if (size === undefined) return [head.name, tensorOfJson(head, data, budget)];
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || size > body.length - at)
      throw new StatusError(
        "INTERNAL",
        `output ${JSON.stringify(head.name.slice(0, 100))}: its binary_data_size is ${show(size)}`,
      );
    at += size;
    return [head.name, tensorOfRaw(head, body.subarray(at - size, at), budget)];
  });
  if (at !== body.length)
    throw new StatusError("INTERNAL", `the answer goes on for ${body.length - at} bytes after its outputs`);
  if (outputs !== known?.said && outputs.every(({ size }) => size !== undefined))
    last?.keep(body.subarray(0, end), outputs);
  return Object.fromEntries(named);
}

function outputsOfJson(text: string, budget: Budget): Output[] {
  const answer = parseJson(text);
  const outputs = isObject(answer) ? answer["outputs"] : undefined;
  if (!Array.isArray(outputs)) throw new StatusError("INTERNAL", `the answer has no "outputs"`);
  return outputs.map((output: unknown) => {
    if (!isObject(output)) throw new StatusError("INTERNAL", "an output of the answer is no object");
    const { name, datatype, shape, parameters, data } = output;
    if (typeof name !== "string" || typeof datatype !== "string" || !isShape(shape))
      throw new StatusError("INTERNAL", "an output of the answer lacks name, datatype or shape");
    const size = isObject(parameters) ? parameters["binary_data_size"] : undefined;
    return { head: headOf(name, datatype, shape, budget), size, data };
  });
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => typeof size === "number");
}

const show = (value: unknown) => JSON.stringify(value)?.slice(0, 40) ?? "not there";
