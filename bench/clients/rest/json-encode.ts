import { checkTensor } from "../tensors.ts";
import type { PredictRequest, Tensor } from "../client.ts";
import type { JsonBuffer } from "./json-buffer.ts";

/**
 * Writes a `:predict` body into `out`. One input with a batch dimension goes as rows (`instances`: what the paper's client
 * sends); several inputs, or a scalar, by name (`inputs`).
 * Throws StatusError INVALID_ARGUMENT where a tensor's data does not fit its type and shape.
 */
export function encodePredictBody(request: PredictRequest, defaultSignature: string, out: JsonBuffer): void {
  const inputs = Object.entries(request.inputs);
  for (const [name, tensor] of inputs) checkTensor(name, tensor);
  out.at = 0;
  out.text('{"signature_name":');
  out.string(request.signature ?? defaultSignature);
  const only = inputs.length === 1 ? inputs[0]?.[1] : undefined;
  if (only !== undefined && only.shape.length > 0) {
    out.text(',"instances":');
    encodeTensor(only, out);
  } else {
    out.text(',"inputs":{');
    inputs.forEach(([name, tensor], i) => {
      if (i > 0) out.text(",");
      out.string(name);
      out.text(":");
      encodeTensor(tensor, out);
    });
    out.text("}");
  }
  out.text("}");
}

/** Writes a tensor as nested JSON lists: the same text as `JSON.stringify` of the nested arrays would be. */
export function encodeTensor(tensor: Tensor, out: JsonBuffer): void {
  const { shape, data } = tensor;
  if (tensor.dtype === "DT_UINT8" && shape.length > 0) return encodeBytes(data as Uint8Array, shape, out);
  encodeAny(elementWriter(tensor, out), shape, 0, 0, out);
}

/** Writes element `index`. */
type ElementWriter = (index: number) => void;

function elementWriter(tensor: Tensor, out: JsonBuffer): ElementWriter {
  const data = tensor.data;
  if (!ArrayBuffer.isView(data)) return (i) => out.base64(data[i] as Uint8Array);
  if (tensor.dtype === "DT_BOOL") return (i) => out.text(data[i] === 0 ? "false" : "true");
  // NaN, Infinity and -Infinity as they stand: no JSON, but what TF Serving reads and writes for them.
  return (i) => out.text(String(data[i]));
}

function encodeAny(write: ElementWriter, shape: readonly number[], axis: number, first: number, out: JsonBuffer): void {
  if (axis === shape.length) return write(first);
  const size = shape[axis] as number;
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  out.text("[");
  for (let i = 0; i < size; i++) {
    if (i > 0) out.text(",");
    encodeAny(write, shape, axis + 1, first + i * stride, out);
  }
  out.text("]");
}

/** `"0,"` to `"255,"` as four bytes each, little-endian, and their lengths: one store writes a number and its comma. */
const DIGITS = new Uint32Array(256);
const LENGTHS = new Uint8Array(256);
for (let value = 0; value < 256; value++) {
  const text = Buffer.from(`${value},`.padEnd(4, "\0"), "latin1");
  DIGITS[value] = text.readUInt32LE(0);
  LENGTHS[value] = `${value},`.length;
}

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

/**
 * Nested lists of bytes, by table. Rows of the last dimension are written in one loop; every number leaves a comma behind
 * that the closing bracket overwrites.
 */
function encodeBytes(data: Uint8Array, shape: readonly number[], out: JsonBuffer): void {
  const rowLength = shape.at(-1) as number;
  const outer = shape.slice(0, -1);
  const rows = outer.reduce((a, b) => a * b, 1);
  // Four bytes a number, and a bracket at either side and a comma for each list; empty lists have nothing to overwrite.
  if (rows === 0 || rowLength === 0) return encodeAny(() => undefined, shape, 0, 0, out);
  out.reserve(4 * data.length + 3 * rows * (outer.length + 1) + 8);
  const { bytes, view } = out;
  let at = out.at;
  let next = 0;
  // How many rows a list of each outer dimension spans, innermost first: after that many rows it ends.
  const spans = outer.map((_, axis) => outer.slice(axis).reduce((a, b) => a * b, 1)).reverse();
  for (let i = 0; i < outer.length; i++) bytes[at++] = OPEN;
  for (let row = 1; row <= rows; row++) {
    bytes[at++] = OPEN;
    for (const end = next + rowLength; next < end; next++) {
      const value = data[next] as number;
      view.setUint32(at, DIGITS[value] as number, true);
      at += LENGTHS[value] as number;
    }
    bytes[at - 1] = CLOSE;
    let closed = 0;
    while (closed < spans.length && row % (spans[closed] as number) === 0) {
      bytes[at++] = CLOSE;
      closed++;
    }
    if (row === rows) break;
    bytes[at++] = COMMA;
    for (let i = 0; i < closed; i++) bytes[at++] = OPEN;
  }
  out.at = at;
}
