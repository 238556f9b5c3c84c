import { StatusError } from "../codes.ts";
import type { PredictRequest, Tensor } from "../client.ts";
import { JsonBuffer } from "../json/buffer.ts";
import { encodeTensor } from "../json/encode.ts";
import { checkTensor, contentBytes } from "../tensors.ts";

/** A request's body in pieces that follow each other: pixels are not copied. */
export type Encode = (request: PredictRequest) => readonly Uint8Array[];

/** The bytes of the one image file that a request carries, as they are. */
export const encodeFile: Encode = (request) => {
  const { dtype, data } = inputOf(request);
  const [file] = dtype === "DT_STRING" ? (data as readonly Uint8Array[]) : [];
  if (file !== undefined && data.length === 1) return [file];
  throw new StatusError("INVALID_ARGUMENT", "TorchServe takes one image file in a request");
};

/** The version of NumPy's format, and to what its header is filled up: so that the data are aligned. */
const NPY_MAGIC = Buffer.from("\x93NUMPY\x01\x00", "latin1");
const NPY_ALIGNMENT = 64;

/**
 * Pixels as a file of NumPy (format 1.0: a head in Python's words, then the elements).
 * Source: numpy.lib.format, "The NPY format".
 */
export const encodeNpy: Encode = (request) => {
  const input = inputOf(request);
  if (input.dtype !== "DT_UINT8") throw new StatusError("INVALID_ARGUMENT", "the pixels are not uint8");
  const shape = `(${input.shape.map((size) => `${size},`).join(" ")})`;
  const head = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }`;
  const before = NPY_MAGIC.length + 2;
  const length = Math.ceil((before + head.length + 1) / NPY_ALIGNMENT) * NPY_ALIGNMENT - before;
  const out = Buffer.alloc(before + length, " ");
  NPY_MAGIC.copy(out);
  out.writeUInt16LE(length, NPY_MAGIC.length);
  out.write(head, before, "latin1");
  out.write("\n", out.length - 1);
  return [out, contentBytes(input)];
};

/** The input as nested lists in JSON. */
export const encodeJson: Encode = (request) => {
  const out = new JsonBuffer();
  out.text('{"inputs":');
  encodeTensor(inputOf(request), out);
  out.text("}");
  return [out.written()];
};

/** The only input of a request. Throws StatusError INVALID_ARGUMENT where there are more or none, or it is not what it says. */
function inputOf({ inputs }: PredictRequest): Tensor {
  const [entry, ...more] = Object.entries(inputs);
  if (entry === undefined || more.length > 0)
    throw new StatusError("INVALID_ARGUMENT", "TorchServe's models here take one input");
  checkTensor(...entry);
  return entry[1];
}
