import { isUtf8 } from "node:buffer";
import { StatusError } from "../codes.ts";
import type { JsonBuffer } from "../json/buffer.ts";
import { encodeTensor } from "../json/encode.ts";
import { type Budget, MAX_RANK, checkTensor, numberArrays } from "../tensors.ts";
import { datatypeOf, ofOutput, type KnownType, type OutputHead } from "./elements.ts";
import type { NumberArray, PredictRequest, Tensor } from "../client.ts";

/**
 * Writes an infer request's body into `out`: each input's elements as one flat list of JSON.
 * Throws StatusError INVALID_ARGUMENT where a tensor's data does not fit its type and shape, or has no form in JSON.
 */
export function encodeJsonBody({ inputs }: PredictRequest, out: JsonBuffer): void {
  out.at = 0;
  out.text('{"inputs":[');
  Object.entries(inputs).forEach(([name, tensor], i) => {
    checkTensor(name, tensor);
    if (i > 0) out.text(",");
    out.text('{"name":');
    out.string(name);
    out.text(`,"datatype":"${datatypeOf(tensor.dtype)}","shape":${JSON.stringify(tensor.shape)},"data":`);
    if (ArrayBuffer.isView(tensor.data)) encodeTensor({ ...tensor, shape: [tensor.data.length] }, out);
    else encodeTexts(tensor.data, out);
    out.text("}");
  });
  out.text("]}");
}

/** JSON has no bytes: they travel as the text that they are in UTF-8, where they are one. */
function encodeTexts(texts: readonly Uint8Array[], out: JsonBuffer): void {
  out.text("[");
  texts.forEach((bytes, i) => {
    if (i > 0) out.text(",");
    if (!isUtf8(bytes))
      throw new StatusError("INVALID_ARGUMENT", "bytes that are no UTF-8 have no form in this API's JSON");
    out.string(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  });
  out.text("]");
}

/** What an element takes while it stands in a list. */
const ELEMENT_BYTES = 16;

/**
 * An output's tensor of its JSON: lists, flat or nested, in row-major order. JSON does not tell how wide a float is: FP16 and BF16 become
 * DT_FLOAT. A float that is `null` is one that JSON has no number for. Throws StatusError INTERNAL where it is no such output.
 */
export function tensorOfJson({ name, dtype, shape, count }: OutputHead, data: unknown, budget: Budget): Tensor {
  return ofOutput(name, () => {
    budget.charge(ELEMENT_BYTES * count);
    const elements: unknown[] = [];
    if (!Array.isArray(data) || !flatten(data, count, 0, elements) || elements.length !== count)
      throw new StatusError("INTERNAL", `its data are not ${count} elements`);
    if (dtype === "DT_STRING") return { dtype, shape, data: elements.map(bytesOf) };
    const kept = dtype === "DT_HALF" || dtype === "DT_BFLOAT16" ? "DT_FLOAT" : dtype;
    return { dtype: kept, shape, data: numbersOf(kept, elements) };
  });
}

/** @returns false where there are more elements than `most`, or lists nested deeper than any tensor */
function flatten(list: readonly unknown[], most: number, depth: number, into: unknown[]): boolean {
  if (depth > MAX_RANK) return false;
  return list.every((value) => {
    if (Array.isArray(value)) return flatten(value, most, depth + 1, into);
    return into.push(value) <= most;
  });
}

function bytesOf(element: unknown): Uint8Array {
  if (typeof element === "string") return Buffer.from(element, "utf8");
  throw new StatusError("INTERNAL", "not all of its data are texts");
}

function numbersOf(dtype: Exclude<KnownType, "DT_STRING">, elements: readonly unknown[]): NumberArray {
  const all = new numberArrays[dtype](elements.length);
  const isFloat = dtype === "DT_FLOAT" || dtype === "DT_DOUBLE";
  const isWide = all instanceof BigInt64Array || all instanceof BigUint64Array;
  elements.forEach((element, i) => {
    const value = dtype === "DT_BOOL" && typeof element === "boolean" ? Number(element) : element;
    if (isFloat && value === null) all[i] = NaN;
    else if (typeof value !== "number" || !(isFloat || Number.isInteger(value)))
      throw new StatusError("INTERNAL", `not all of its data are ${datatypeOf(dtype)}`);
    else if (isWide) all[i] = BigInt(value);
    else all[i] = value;
  });
  return all;
}
