import { StatusError } from "../codes.ts";
import { valuesOf } from "../tensors.ts";
import type { Tensor } from "../client.ts";
import type { JsonBuffer } from "./buffer.ts";

/** Writes a tensor as nested JSON lists: the same text as `JSON.stringify` of the nested arrays would be. */
export function encodeTensor(tensor: Tensor, out: JsonBuffer): void {
  const { shape, data } = tensor;
  if (tensor.dtype === "DT_UINT8" && shape.length > 0) return encodeBytes(data as Uint8Array, shape, out);
  encodeAny(elementWriter(tensor, out), shape, 0, 0, out);
}

type ElementWriter = (index: number) => void;

function elementWriter(tensor: Tensor, out: JsonBuffer): ElementWriter {
  const data = tensor.data;
  if (!ArrayBuffer.isView(data)) return (i) => out.base64(data[i] as Uint8Array);
  if (tensor.dtype === "DT_BOOL") return (i) => out.text(data[i] === 0 ? "false" : "true");
  const values = valuesOf(tensor);
  if (values === undefined) throw new StatusError("INVALID_ARGUMENT", `JSON has no form for ${tensor.dtype}`);
  // NaN, Infinity and -Infinity as they stand: no JSON, but what model servers and Python read and write for them.
  return (i) => out.text(String(values[i]));
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

/** Nested lists of bytes, by table. Every number leaves a comma behind that the closing bracket overwrites. */
function encodeBytes(data: Uint8Array, shape: readonly number[], out: JsonBuffer): void {
  const rowLength = shape.at(-1) as number;
  const outer = shape.slice(0, -1);
  const rows = outer.reduce((a, b) => a * b, 1);
  // Empty lists have no comma to overwrite.
  if (rows === 0 || rowLength === 0) return encodeAny(() => undefined, shape, 0, 0, out);
  // Four bytes a number, and for each list a bracket at either side and a comma.
  out.reserve(4 * data.length + 3 * rows * (outer.length + 1) + 8);
  // The rows of the two last dimensions are written in one go; what lies outside of them is rare and need not be fast.
  const lines = outer.slice(0, -1).reduce((a, b) => a * b, 1);
  const rowsPerLine = outer.at(-1) ?? 1;
  // How many lines a list of each outer dimension spans, innermost first: after that many lines it ends.
  const spans = outer.slice(0, -1).map((_, axis) => outer.slice(axis, -1).reduce((a, b) => a * b, 1));
  spans.reverse();
  out.at = repeat(OPEN, spans.length, out);
  for (let line = 1; line <= lines; line++) {
    const first = (line - 1) * rowsPerLine * rowLength;
    const last = first + rowsPerLine * rowLength;
    if (outer.length > 0) out.bytes[out.at++] = OPEN;
    out.at = rowLength === 3 ? pixelRows(data, first, last, out) : byteRows(data, first, last, rowLength, out);
    if (outer.length > 0) out.bytes[out.at++] = CLOSE;
    const closed = spans.filter((span) => line % span === 0).length;
    out.at = repeat(CLOSE, closed, out);
    if (line === lines) return;
    out.bytes[out.at++] = COMMA;
    out.at = repeat(OPEN, closed, out);
  }
}

function repeat(byte: number, count: number, out: JsonBuffer): number {
  out.bytes.fill(byte, out.at, out.at + count);
  return out.at + count;
}

/** `[1,2],[3,4]`: the rows from `first` up to `last` of `rowLength` bytes each; gives where the text ends. */
function byteRows(data: Uint8Array, first: number, last: number, rowLength: number, out: JsonBuffer): number {
  const { bytes, view } = out;
  let at = out.at;
  for (let next = first; next < last;) {
    bytes[at++] = OPEN;
    for (const end = next + rowLength; next < end; next++) {
      const value = data[next] as number;
      view.setUint32(at, DIGITS[value] as number, true);
      at += LENGTHS[value] as number;
    }
    bytes[at - 1] = CLOSE;
    bytes[at++] = COMMA;
  }
  return at - 1;
}

/** The same for rows of three, an image's pixels: the loop unrolled takes half the time. */
function pixelRows(data: Uint8Array, first: number, last: number, out: JsonBuffer): number {
  const { bytes, view } = out;
  let at = out.at;
  for (let next = first; next < last; next += 3) {
    bytes[at++] = OPEN;
    const red = data[next] as number;
    view.setUint32(at, DIGITS[red] as number, true);
    at += LENGTHS[red] as number;
    const green = data[next + 1] as number;
    view.setUint32(at, DIGITS[green] as number, true);
    at += LENGTHS[green] as number;
    const blue = data[next + 2] as number;
    view.setUint32(at, DIGITS[blue] as number, true);
    at += LENGTHS[blue] as number;
    bytes[at - 1] = CLOSE;
    bytes[at++] = COMMA;
  }
  return at - 1;
}
