import { StatusError } from "../codes.ts";
import type { JsonBuffer } from "../json/buffer.ts";
import { columns, isObject, parseJson } from "../json/decode.ts";
import { encodeTensor } from "../json/encode.ts";
import { checkTensor } from "../tensors.ts";
import type { PredictRequest, Tensor } from "../client.ts";

/*
 * Plain REST's request and answer. A request has one input: `{"inputs": nested lists}`, or an image file as `{"file": base64}`; and
 * `"signature"` where it names one. An answer is `{"outputs": {name: nested lists}, "worker": number}`: the worker is the server's
 * process that answered.
 */

/** The path of a model. Throws StatusError INVALID_ARGUMENT where the request has a label, which plain REST does not know. */
export function pathOf({ model, version, label }: Pick<PredictRequest, "model" | "version" | "label">): string {
  if (label !== undefined) throw new StatusError("INVALID_ARGUMENT", "plain REST has no labels of versions");
  return `/predict/${encodeURIComponent(model)}${version === undefined ? "" : `/${version}`}`;
}

/** Writes a request's body. Throws StatusError INVALID_ARGUMENT where it has more than one input, or data that does not fit its shape. */
export function encodeRequest(
  { inputs, signature }: Pick<PredictRequest, "inputs" | "signature">,
  out: JsonBuffer,
): void {
  const [[name, tensor] = [], ...more] = Object.entries(inputs);
  if (name === undefined || tensor === undefined || more.length > 0)
    throw new StatusError("INVALID_ARGUMENT", `plain REST takes one input, not ${Object.keys(inputs).length}`);
  checkTensor(name, tensor);
  out.at = 0;
  out.text("{");
  if (signature !== undefined) {
    out.text('"signature":');
    out.string(signature);
    out.text(",");
  }
  if (tensor.dtype === "DT_STRING") {
    const [file, ...others] = tensor.data as readonly Uint8Array[];
    if (file === undefined || others.length > 0)
      throw new StatusError("INVALID_ARGUMENT", `plain REST takes one file, not ${tensor.data.length}`);
    out.text('"file":"');
    out.text(Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("base64"));
    out.text('"');
  } else {
    out.text('"inputs":');
    encodeTensor(tensor, out);
  }
  out.text("}");
}

/** What an answer says. */
export interface Answered {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The number of the process that answered; undefined where the server does not tell. */
  readonly worker: number | undefined;
}

/** Reads an answer's JSON text. Throws StatusError INTERNAL where it is none. */
export function decodeAnswer(text: string): Answered {
  const answer = parseJson(text);
  if (!isObject(answer) || !isObject(answer["outputs"]))
    throw new StatusError("INTERNAL", `the answer has no "outputs" by name: ${text.slice(0, 200)}`);
  const { outputs, worker } = answer;
  return { outputs: columns(outputs), worker: Number.isSafeInteger(worker) ? (worker as number) : undefined };
}
