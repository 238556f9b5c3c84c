import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { anyTensor, numericTensor } from "../testing/arbitraries.ts";
import { contentBytes, valuesOf } from "../tensors.ts";
import { JsonBuffer } from "../json/buffer.ts";
import type { PredictRequest, Tensor } from "../client.ts";
import { datatypeOf, rawOf } from "./elements.ts";
import { binaryBody, outputsOfBody } from "./http-body.ts";
import { encodeJsonBody } from "./json-elements.ts";
import { decodeInferResponse, encodeInferRequest } from "./messages.ts";
import { decoded, encoded } from "./testing/messages.ts";
import { decodeRepositoryIndex, decodeServedConfig } from "./triton.ts";

vi.setConfig({ testTimeout: 60_000 });

const inputsOf = (arbitrary: fc.Arbitrary<Tensor>) =>
  fc.dictionary(
    fc.string().filter((name) => name !== "__proto__"),
    arbitrary,
    { maxKeys: 4 },
  );
const request = (inputs: Record<string, Tensor>, more: Partial<PredictRequest> = {}): PredictRequest => ({
  ...{ model: "m", inputs, timeoutMs: 1000 },
  ...more,
});

/** The protocol's words for a tensor, before its elements. */
const headOf = (name: string, { dtype, shape }: Tensor) => ({ name, datatype: datatypeOf(dtype), shape });

describe("an infer request", () => {
  it("says over gRPC what the generic codec reads, with the elements raw", () => {
    fc.assert(
      fc.property(inputsOf(anyTensor()), fc.option(fc.nat(), { nil: undefined }), (inputs, version) => {
        const { pieces, length } = encodeInferRequest(request(inputs, version === undefined ? {} : { version }));
        const bytes = Buffer.concat(pieces);
        expect(bytes.length).toBe(length);
        const read = decoded("ModelInferRequest", bytes) as {
          model_name: string;
          model_version?: string;
          inputs?: { name?: string; datatype: string; shape?: string[] }[];
          raw_input_contents?: Buffer[];
        };
        expect([read.model_name, read.model_version]).toEqual(["m", version === undefined ? undefined : `${version}`]);
        const said = (read.inputs ?? []).map(({ name = "", datatype, shape = [] }) => ({
          name,
          datatype,
          shape: shape.map(Number),
        }));
        expect(said).toEqual(Object.entries(inputs).map(([name, tensor]) => headOf(name, tensor)));
        const raws = (read.raw_input_contents ?? []).map((raw) => raw.toString("hex"));
        expect(raws).toEqual(Object.values(inputs).map((tensor) => Buffer.from(rawOf(tensor)).toString("hex")));
      }),
    );
  });

  it("hands pixels on as they lie in memory, over either protocol", () => {
    const data = new Uint8Array(3 * 64 * 64).fill(7);
    const asked = request({ inputs: { dtype: "DT_UINT8", shape: [1, 64, 64, 3], data } });
    for (const { pieces } of [encodeInferRequest(asked), binaryBody(asked)])
      expect(pieces.some((piece) => piece.buffer === data.buffer && piece.length === data.length)).toBe(true);
  });

  it("says over HTTP how long its JSON is, and how long each input behind it", () => {
    fc.assert(
      fc.property(inputsOf(anyTensor()), (inputs) => {
        const { pieces, length, headers } = binaryBody(request(inputs));
        const bytes = Buffer.concat(pieces);
        expect(bytes.length).toBe(length);
        const jsonLength = Number(headers["inference-header-content-length"]);
        const json = JSON.parse(bytes.toString("utf8", 0, jsonLength)) as {
          inputs: { name: string; parameters: { binary_data_size: number } }[];
        };
        expect(json).toMatchObject({ parameters: { binary_data_output: true } });
        expect(json.inputs).toMatchObject(Object.entries(inputs).map(([name, tensor]) => headOf(name, tensor)));
        let at = jsonLength;
        for (const { name, parameters } of json.inputs) {
          const own = bytes.subarray(at, (at += parameters.binary_data_size));
          expect(own.equals(rawOf(inputs[name] as Tensor))).toBe(true);
        }
        expect(at).toBe(length);
      }),
    );
  });

  it("says in JSON the values, flat", () => {
    const buffer = new JsonBuffer();
    fc.assert(
      fc.property(inputsOf(numericTensor({ finite: true })), (inputs) => {
        encodeJsonBody(request(inputs), buffer);
        const json = JSON.parse(buffer.written().toString("utf8")) as { inputs: { data: unknown[] }[] };
        const values = (tensor: Tensor) =>
          Array.from(valuesOf(tensor) as ArrayLike<number | bigint>, (value) =>
            tensor.dtype === "DT_BOOL" ? value === 1 : Number(value),
          );
        expect(json.inputs).toEqual(
          Object.entries(inputs).map(([name, tensor]) => ({
            ...headOf(name, tensor),
            data: values(tensor).map((v) => (v === 0 ? 0 : v)),
          })),
        );
      }),
    );
    const text = (data: Uint8Array[]) =>
      encodeJsonBody(request({ x: { dtype: "DT_STRING", shape: [data.length], data } }), buffer);
    text([Buffer.from('ä\ufffd"')]);
    expect(JSON.parse(buffer.written().toString("utf8"))).toMatchObject({
      inputs: [{ datatype: "BYTES", data: ['ä\ufffd"'] }],
    });
    expect(() => text([Buffer.of(0xff)])).toThrow("no UTF-8");
  });

  it("is refused where its data do not fit, or the protocol has no name for their type", () => {
    for (const encode of [
      encodeInferRequest,
      binaryBody,
      (asked: PredictRequest) => encodeJsonBody(asked, new JsonBuffer()),
    ]) {
      const short: Tensor = { dtype: "DT_FLOAT", shape: [3], data: Float32Array.of(1) };
      expect(() => encode(request({ x: short }))).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
      const other: Tensor = { dtype: "DT_8", shape: [1], data: new Uint8Array(8) };
      expect(() => encode(request({ x: other }))).toThrow("no name for DT_8");
    }
  });
});

/** The list of contents that holds a type's elements; types without one travel raw alone. */
const LISTS: Readonly<Record<string, string>> = {
  ...{ DT_BOOL: "bool_contents", DT_INT8: "int_contents", DT_INT16: "int_contents", DT_INT32: "int_contents" },
  ...{ DT_UINT8: "uint_contents", DT_UINT16: "uint_contents", DT_UINT32: "uint_contents", DT_INT64: "int64_contents" },
  ...{
    DT_UINT64: "uint64_contents",
    DT_FLOAT: "fp32_contents",
    DT_DOUBLE: "fp64_contents",
    DT_STRING: "bytes_contents",
  },
};

const response = (outputs: Readonly<Record<string, Tensor>>, raw: boolean) =>
  encoded("ModelInferResponse", {
    model_name: "m",
    parameters: { a: { int64_param: 1 } },
    outputs: Object.entries(outputs).map(([name, tensor]) => ({
      ...headOf(name, tensor),
      parameters: { b: { string_param: "c" } },
      ...(raw
        ? {}
        : {
            contents: {
              [LISTS[tensor.dtype] as string]: Array.from(tensor.data as ArrayLike<unknown>, (v) =>
                typeof v === "bigint" ? String(v) : v,
              ),
            },
          }),
    })),
    ...(raw ? { raw_output_contents: Object.values(outputs).map((tensor) => Buffer.from(rawOf(tensor))) } : {}),
  });

const sameBits = (is: Tensor | undefined, wanted: Tensor) => {
  expect([is?.dtype, is?.shape]).toEqual([wanted.dtype, wanted.shape]);
  if (is !== undefined && ArrayBuffer.isView(is.data))
    expect(Buffer.from(contentBytes(is)).equals(contentBytes(wanted))).toBe(true);
  else
    expect((is?.data as Uint8Array[]).map((b) => Buffer.from(b).toString("hex"))).toEqual(
      (wanted.data as Uint8Array[]).map((b) => Buffer.from(b).toString("hex")),
    );
};

describe("an infer answer over gRPC", () => {
  it("gives outputs of every type by name, raw", () => {
    fc.assert(
      fc.property(inputsOf(anyTensor()), (outputs) => {
        const read = decodeInferResponse(response(outputs, true));
        expect(Object.keys(read)).toEqual(Object.keys(outputs));
        for (const [name, tensor] of Object.entries(outputs)) sameBits(read[name], tensor);
      }),
    );
  });

  it("gives outputs of every type that has a list, from its list", () => {
    const dtypes = Object.keys(LISTS).filter((dtype) => dtype !== "DT_STRING") as Tensor["dtype"][];
    const tensors = anyTensor({ dtypes });
    fc.assert(
      fc.property(inputsOf(tensors), (outputs) => {
        const read = decodeInferResponse(response(outputs, false));
        for (const [name, tensor] of Object.entries(outputs)) sameBits(read[name], tensor);
      }),
    );
  });

  it.each<[string, object, string]>([
    [
      "a type that nobody knows",
      { outputs: [{ name: "x", datatype: "FP8", shape: [1] }] },
      'output "x": element type "FP8"',
    ],
    [
      "a size below zero",
      { outputs: [{ name: "x", datatype: "FP32", shape: [-1] }] },
      'output "x": shape [-1] has no size',
    ],
    [
      "a product beyond all",
      { outputs: [{ name: "x", datatype: "FP32", shape: [2 ** 20, 2 ** 20] }] },
      "too many elements",
    ],
    [
      "more dimensions than any",
      { outputs: [{ name: "x", datatype: "FP32", shape: Array(300).fill(1) }] },
      "more than 254",
    ],
    [
      "fewer raw contents than outputs",
      { outputs: [{ name: "x", datatype: "FP32", shape: [1] }], raw_output_contents: ["", ""] },
      "1 outputs, and raw contents of 2",
    ],
    [
      "raw contents of another size",
      { outputs: [{ name: "x", datatype: "FP32", shape: [2] }], raw_output_contents: [Buffer.alloc(4)] },
      "4 bytes are not 2 elements of FP32",
    ],
    [
      "a list of another length",
      { outputs: [{ name: "x", datatype: "FP32", shape: [2], contents: { fp32_contents: [1] } }] },
      "1 values for a tensor of 2",
    ],
    [
      "a type that has no list",
      { outputs: [{ name: "x", datatype: "BF16", shape: [1] }] },
      "BF16 without raw contents",
    ],
    [
      "text whose length is a lie",
      {
        outputs: [{ name: "x", datatype: "BYTES", shape: [1] }],
        raw_output_contents: [Buffer.of(255, 255, 255, 255, 1)],
      },
      "not 1 elements of BYTES",
    ],
    [
      "texts that are followed by more",
      { outputs: [{ name: "x", datatype: "BYTES", shape: [1] }], raw_output_contents: [Buffer.of(0, 0, 0, 0, 1)] },
      "not 1 elements of BYTES",
    ],
  ])("with %s is a fault that says so", (_what, answer, words) => {
    expect(() => decodeInferResponse(encoded("ModelInferResponse", answer))).toThrow(words);
  });
});

describe("an infer answer over HTTP", () => {
  const body = (outputs: readonly object[], ...raws: Uint8Array[]) => {
    const json = Buffer.from(JSON.stringify({ model_name: "m", outputs }));
    return [Buffer.concat([json, ...raws]), json.length] as const;
  };

  it("gives outputs of every type by name, binary", () => {
    fc.assert(
      fc.property(inputsOf(anyTensor()), (outputs) => {
        const raws = Object.values(outputs).map(rawOf);
        const heads = Object.entries(outputs).map(([name, tensor], i) => ({
          ...headOf(name, tensor),
          parameters: { binary_data_size: raws[i]?.length },
        }));
        const read = outputsOfBody(...body(heads, ...raws));
        for (const [name, tensor] of Object.entries(outputs)) sameBits(read[name], tensor);
      }),
    );
  });

  it("gives values that stand in its JSON, flat or nested, beside binary ones", () => {
    const raw = Buffer.from(Float32Array.of(1.5).buffer);
    const [bytes, length] = body(
      [
        { name: "flat", datatype: "INT64", shape: [2, 1], data: [1, -2] },
        { name: "binary", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } },
        { name: "nested", datatype: "BOOL", shape: [2, 1], data: [[true], [false]] },
        { name: "half", datatype: "FP16", shape: [1], data: [0.5] },
        { name: "text", datatype: "BYTES", shape: [1], data: ["ä"] },
        { name: "nan", datatype: "FP32", shape: [1], data: [null] },
      ],
      raw,
    );
    expect(outputsOfBody(bytes, length)).toEqual({
      flat: { dtype: "DT_INT64", shape: [2, 1], data: BigInt64Array.of(1n, -2n) },
      binary: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(1.5) },
      nested: { dtype: "DT_BOOL", shape: [2, 1], data: Uint8Array.of(1, 0) },
      half: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(0.5) },
      text: { dtype: "DT_STRING", shape: [1], data: [Buffer.from("ä")] },
      nan: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(NaN) },
    });
  });

  const one = (more: object) => ({ name: "x", datatype: "FP32", shape: [1], ...more });
  it.each<[string, readonly [Buffer, number | undefined], string]>([
    ["JSON longer than the body", [Buffer.from("{}"), 3], "2 bytes, of which 3 would be JSON"],
    ["no outputs", [Buffer.from("{}"), undefined], 'no "outputs"'],
    [
      "a size beyond the body",
      body([one({ parameters: { binary_data_size: 5 } })], Buffer.alloc(4)),
      "binary_data_size is 5",
    ],
    [
      "a size below zero",
      body([one({ parameters: { binary_data_size: -4 } })], Buffer.alloc(4)),
      "binary_data_size is -4",
    ],
    [
      "a size that is no number",
      body([one({ parameters: { binary_data_size: "4" } })], Buffer.alloc(4)),
      'binary_data_size is "4"',
    ],
    [
      "sizes that leave something",
      body([one({ parameters: { binary_data_size: 4 } })], Buffer.alloc(8)),
      "goes on for 4 bytes",
    ],
    ["a shape of no numbers", body([one({ shape: ["1"] })]), "lacks name, datatype or shape"],
    ["a shape that is half a number", body([one({ shape: [0.5], data: [] })]), "has no size"],
    ["neither data nor a size", body([one({})]), "its data are not 1 elements"],
    ["more data than its shape", body([one({ data: [1, 2] })]), "its data are not 1 elements"],
    ["data of another kind", body([one({ data: ["a"] })]), "not all of its data are FP32"],
    ["halves of an integer", body([one({ datatype: "INT8", data: [0.5] })]), "not all of its data are INT8"],
    [
      "an integer beyond all numbers",
      [Buffer.from('{"outputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[1e999]}]}'), undefined],
      "not all of its data are INT64",
    ],
  ])("with %s is a fault that says so", (_what, [bytes, length], words) => {
    expect(() => outputsOfBody(bytes, length)).toThrow(words);
  });
});

describe("what Triton says of its models", () => {
  it("is which there are and why not, and how each is served", () => {
    const models = [
      { name: "ssd", version: "1", state: "READY" },
      { name: "bad", version: "2", state: "UNAVAILABLE", reason: "no such file" },
    ];
    const [ssd, bad] = decodeRepositoryIndex(encoded("RepositoryIndexResponse", { models }));
    expect([ssd, bad]).toEqual([{ ...models[0], reason: "" }, models[1]]);
    const config = {
      ...{ name: "ssd", max_batch_size: 8, instance_group: [{ count: 2 }, { count: 1 }] },
      dynamic_batching: { preferred_batch_size: [4, 8], max_queue_delay_microseconds: 20_000 },
    };
    expect(decodeServedConfig(encoded("ModelConfigResponse", { config }))).toEqual({
      ...{ maxBatch: 8, instances: 3, batching: { preferred: [4, 8], delayMicros: 20_000 } },
    });
    expect(decodeServedConfig(encoded("ModelConfigResponse", { config: { name: "a" } }))).toEqual({
      ...{ maxBatch: 0, instances: 0, batching: null },
    });
  });
});
