import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { messageOptions, messages } from "../../../protos/index.ts";
import { requestObject, tensorOfObject, type TensorObject } from "./grpc-js-objects.ts";
import { anyTensor } from "../../testing/arbitraries.ts";
import { decodePredictResponse, decodeTensor } from "./decode.ts";
import { encodePredictRequest } from "./encode.ts";
import type { PredictRequest, Tensor } from "../../client.ts";

// Hundreds of random tensors, compared element by element, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const Request = messages().lookupType("tensorflow.serving.PredictRequest");
const Response = messages().lookupType("tensorflow.serving.PredictResponse");
const TensorProto = messages().lookupType("tensorflow.TensorProto");

const anyRequest: fc.Arbitrary<PredictRequest> = fc.record(
  {
    model: fc.string(),
    version: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    label: fc.string(),
    signature: fc.string(),
    inputs: fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      anyTensor(),
      { maxKeys: 4 },
    ),
    timeoutMs: fc.constant(1000),
  },
  { requiredKeys: ["model", "inputs", "timeoutMs"] },
);

/** Encodes with the generic codec, from a tensor in typed fields or as `tensor_content`. */
function generic(object: object): Buffer {
  return Buffer.from(TensorProto.encode(TensorProto.fromObject(object)).finish());
}

function shapeObject(shape: readonly number[]): object {
  return { dim: shape.map((size) => ({ size })) };
}

/** A tensor as the server may send it: numbers in the typed list of their kind. */
function typedObject(tensor: Tensor): object {
  const lists: Readonly<Record<string, string>> = {
    DT_FLOAT: "float_val",
    DT_DOUBLE: "double_val",
    DT_HALF: "half_val",
    DT_BFLOAT16: "half_val",
    DT_STRING: "string_val",
    DT_INT64: "int64_val",
    DT_UINT32: "uint32_val",
    DT_UINT64: "uint64_val",
    DT_BOOL: "bool_val",
  };
  const list = lists[tensor.dtype] ?? "int_val";
  const values = Array.from(tensor.data as ArrayLike<unknown>, (v) => (typeof v === "bigint" ? String(v) : v));
  return { dtype: tensor.dtype, tensor_shape: shapeObject(tensor.shape), [list]: values };
}

function decodedByProtoLoader(bytes: Uint8Array): Tensor {
  return tensorOfObject(TensorProto.toObject(TensorProto.decode(bytes), messageOptions) as TensorObject);
}

describe("encoding a PredictRequest", () => {
  it("says what the generic codec reads and would have said", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const message = encodePredictRequest(request);
        const bytes = Buffer.concat(message.pieces);
        expect(bytes.length).toBe(message.length);
        const expected = Request.fromObject(requestObject(request));
        expect(Request.toObject(Request.decode(bytes), messageOptions)).toEqual(
          Request.toObject(Request.decode(Request.encode(expected).finish()), messageOptions),
        );
      }),
    );
  });

  it("hands pixels on as they lie in memory, without a copy", () => {
    const pixels = new Uint8Array(4000).fill(9);
    const message = encodePredictRequest({
      model: "m",
      inputs: { inputs: { dtype: "DT_UINT8", shape: [1, 10, 100, 4], data: pixels } },
      timeoutMs: 1,
    });
    expect(message.pieces.some((piece) => piece.buffer === pixels.buffer && piece.length === 4000)).toBe(true);
    expect(message.pieces.length).toBe(2);
  });

  it.each<[string, Partial<PredictRequest>]>([
    ["too few elements", { inputs: { x: { dtype: "DT_UINT8", shape: [2, 2], data: new Uint8Array(3) } } }],
    ["an array of another type", { inputs: { x: { dtype: "DT_FLOAT", shape: [1], data: new Uint8Array(1) } } }],
    ["a size below zero", { inputs: { x: { dtype: "DT_UINT8", shape: [-1], data: new Uint8Array(1) } } }],
    ["a version that is no whole number", { version: 1.5 }],
  ])("refuses %s", (_name, part) => {
    expect(() => encodePredictRequest({ model: "m", inputs: {}, timeoutMs: 1, ...part })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("decoding an answer", () => {
  it("reads tensor_content of every numeric type", () => {
    fc.assert(
      fc.property(anyTensor(), (tensor) => {
        fc.pre(tensor.dtype !== "DT_STRING");
        const data = tensor.data as Uint8Array;
        const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        const bytes = generic({
          dtype: tensor.dtype,
          tensor_shape: shapeObject(tensor.shape),
          tensor_content: content,
        });
        expect(decodeTensor(bytes)).toEqual(tensor);
        expect(decodedByProtoLoader(bytes)).toEqual(tensor);
      }),
    );
  });

  it("reads typed lists of every type, packed", () => {
    fc.assert(
      fc.property(anyTensor(), (tensor) => {
        const bytes = generic(typedObject(tensor));
        expect(decodeTensor(bytes)).toEqual(plain(tensor));
        expect(decodedByProtoLoader(bytes)).toEqual(plain(tensor));
      }),
    );
  });

  it("reads lists that are not packed, or packed in several runs", () => {
    const head = Buffer.from("08011202120008", "hex").subarray(0, 2);
    const shape = Buffer.from("12041202" + "0803", "hex");
    const float = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      return bytes;
    };
    const single = Buffer.concat([Buffer.of(0x2d), float(1.5)]);
    const run = Buffer.concat([Buffer.of(0x2a, 8), float(2.5), float(3.5)]);
    expect(decodeTensor(Buffer.concat([head, shape, single, run])).data).toEqual(Float32Array.of(1.5, 2.5, 3.5));
    const ints = Buffer.concat([Buffer.from("0803", "hex"), shape, Buffer.from("3805" + "3a020607", "hex")]);
    expect(decodeTensor(ints).data).toEqual(Int32Array.of(5, 6, 7));
  });

  it("goes on with the last value of a short list, and with zeros where there is none", () => {
    const short = generic({ dtype: "DT_FLOAT", tensor_shape: shapeObject([2, 2]), float_val: [1, 7] });
    expect(decodeTensor(short).data).toEqual(Float32Array.of(1, 7, 7, 7));
    expect(decodedByProtoLoader(short).data).toEqual(Float32Array.of(1, 7, 7, 7));
    const none = generic({ dtype: "DT_INT64", tensor_shape: shapeObject([2]) });
    expect(decodeTensor(none).data).toEqual(BigInt64Array.of(0n, 0n));
    const strings = generic({ dtype: "DT_STRING", tensor_shape: shapeObject([2]), string_val: [Buffer.from("a")] });
    expect(decodeTensor(strings).data).toEqual([Buffer.from("a"), Buffer.from("a")].map((b) => Uint8Array.from(b)));
  });

  it.each<[string, object, string]>([
    ["an unknown rank", { dtype: 1, tensor_shape: { unknown_rank: true } }, "INTERNAL"],
    ["no element type", { dtype: 0, tensor_shape: {}, half_val: [1] }, "INTERNAL"],
    [
      "content that does not fit",
      { dtype: 1, tensor_shape: shapeObject([2]), tensor_content: Buffer.alloc(7) },
      "INTERNAL",
    ],
    ["more values than the shape has", { dtype: 1, tensor_shape: shapeObject([1]), float_val: [1, 2] }, "INTERNAL"],
    ["strings as content", { dtype: 7, tensor_shape: shapeObject([1]), tensor_content: Buffer.alloc(3) }, "INTERNAL"],
    [
      "a shape of too many elements",
      { dtype: 1, tensor_shape: shapeObject([2 ** 20, 2 ** 20]), float_val: [1] },
      "INTERNAL",
    ],
    ["an open dimension", { dtype: 1, tensor_shape: shapeObject([-1]), float_val: [1] }, "INTERNAL"],
  ])("refuses %s", (_name, object, code) => {
    const bytes = generic(object);
    expect(() => decodeTensor(bytes)).toThrow(expect.objectContaining({ code }));
    expect(() => decodedByProtoLoader(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it("gives outputs by name and passes over fields that it does not know", () => {
    const answer = Response.encode(
      Response.fromObject({
        outputs: { a: { dtype: 1, tensor_shape: shapeObject([1]), float_val: [2] }, b: { dtype: 3, int_val: [4] } },
        model_spec: { name: "m", version: { value: 3 } },
      }),
    ).finish();
    const unknown = Buffer.from("f80601" + "f90600000000000000ff" + "fa0602aaaa" + "fd0600000000", "hex");
    expect(decodePredictResponse(Buffer.concat([answer, unknown]))).toEqual({
      a: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(2) },
      b: { dtype: "DT_INT32", shape: [], data: Int32Array.of(4) },
    });
  });

  it("takes any bytes as an answer or as a fault, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodePredictResponse(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "StatusError" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("finds every place where an answer is cut short", () => {
    const tensor: Tensor = { dtype: "DT_FLOAT", shape: [3], data: Float32Array.of(1, 2, 3) };
    const whole = Buffer.from(
      Response.encode(Response.fromObject({ outputs: { scores: typedObject(tensor) } })).finish(),
    );
    for (let end = 1; end < whole.length; end++)
      expect(() => decodePredictResponse(whole.subarray(0, end))).toThrow("ends in the middle");
  });
});

/** Strings as bare Uint8Array, which is what decoders give. */
function plain(tensor: Tensor): Tensor {
  if (ArrayBuffer.isView(tensor.data)) return tensor;
  return { ...tensor, data: tensor.data.map((text) => Uint8Array.from(text)) };
}
