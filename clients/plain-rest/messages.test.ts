import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { checkWords, fuzz, nearJson } from "../../lib/testing/fuzz.ts";
import { canonicalCodes, StatusError } from "../codes.ts";
import { JsonBuffer } from "../json/buffer.ts";
import { callErrorOf } from "../result.ts";
import { checkTensor } from "../tensors.ts";
import { nest, numericTensor } from "../testing/arbitraries.ts";
import type { PredictRequest, Tensor } from "../client.ts";
import { decodeAnswer, encodeRequest, pathOf } from "./messages.ts";

vi.setConfig({ testTimeout: 300_000 });

const body = (inputs: PredictRequest["inputs"], signature?: string) => {
  const out = new JsonBuffer();
  encodeRequest({ inputs, ...(signature === undefined ? {} : { signature }) }, out);
  return out.written().toString("utf8");
};
const pixels: Tensor = { dtype: "DT_UINT8", shape: [1, 1, 2, 3], data: Uint8Array.of(0, 1, 2, 253, 254, 255) };
const files = (...data: Uint8Array[]): Tensor => ({ dtype: "DT_STRING", shape: [data.length], data });

describe("a request", () => {
  test("has pixels as nested lists, or an image file as base64, and a signature where it names one", () => {
    expect(body({ inputs: pixels })).toBe('{"inputs":[[[[0,1,2],[253,254,255]]]]}');
    expect(body({ inputs: files(Buffer.from("JPEG")) })).toBe('{"file":"SlBFRw=="}');
    expect(JSON.parse(body({ x: pixels }, 'a"b'))).toEqual({ signature: 'a"b', inputs: nest(pixels) });
  });

  test("is written anew into memory used before", () => {
    const out = new JsonBuffer();
    encodeRequest({ inputs: { inputs: { dtype: "DT_UINT8", shape: [9000], data: new Uint8Array(9000) } } }, out);
    encodeRequest({ inputs: { inputs: files(Buffer.from("a")) } }, out);
    expect(out.written().toString()).toBe('{"file":"YQ=="}');
  });

  test.each([
    ["no input", {}],
    ["two inputs", { a: pixels, b: pixels }],
    ["two files", { a: files(Buffer.from("a"), Buffer.from("b")) }],
    ["pixels that are not of their shape", { a: { ...pixels, shape: [7] } }],
  ])("of %s is refused", (_what, inputs: PredictRequest["inputs"]) => {
    expect(() => body(inputs)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("goes to its model, in a version if it names one; a label is refused", () => {
    expect(pathOf({ model: "a/b" })).toBe("/predict/a%2Fb");
    expect(pathOf({ model: "ssd", version: 3 })).toBe("/predict/ssd/3");
    expect(() => pathOf({ model: "ssd", label: "stable" })).toThrow("no labels");
  });
});

describe("an answer", () => {
  test("gives back what nested lists hold, and who answered", () => {
    fc.assert(
      fc.property(numericTensor({ finite: true, dtypes: ["DT_FLOAT"], minRank: 1, minSize: 1 }), (tensor) => {
        const { outputs, worker } = decodeAnswer(JSON.stringify({ outputs: { x: nest(tensor) }, worker: 7 }));
        expect([outputs["x"]?.shape, worker]).toEqual([tensor.shape, 7]);
        expect([...(outputs["x"]?.data as Float32Array)]).toEqual([...(tensor.data as Float32Array)].map((v) => v + 0));
      }),
    );
  });

  test("of a server that does not tell who answered, or tells no number, is one all the same", () => {
    for (const worker of [undefined, "7", null, 1e99, 0.5])
      expect(decodeAnswer(JSON.stringify({ outputs: { a: [1] }, worker })).worker).toBeUndefined();
  });

  test.each([
    ["half an answer", '{"outputs":{"a":[1,'],
    ["no JSON", "<html>"],
    ["ragged lists", '{"outputs":{"a":[[1,2],[3]]}}'],
    ["outputs without names", '{"outputs":[1]}'],
    ["no outputs", '{"worker":1}'],
    ["a list", "[1]"],
  ])("that is %s is refused", (_what, text) => {
    expect(() => decodeAnswer(text)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });

  test("with any faults is tensors, or a status that says what is wrong", () => {
    const seen = { value: 0, error: 0 };
    const valid = [
      {
        outputs: { detection_boxes: [[[0.1, 0.2, 0.3, 0.4]]], num_detections: [1], name: [{ b64: "YQ==" }] },
        worker: 9,
      },
      { outputs: { flags: [true, false], text: ["a"] } },
      { error: "no such model" },
    ];
    const texts = fc.oneof(
      nearJson(valid).map((value) => JSON.stringify(value)),
      fc.constantFrom('{"outputs":{"x":[NaN,-Infinity,1e999]}}', '{"outputs":{"x":NaN}}'),
    );
    fuzz(1, texts, (text) => {
      try {
        for (const [name, tensor] of Object.entries(decodeAnswer(text).outputs)) checkTensor(name, tensor);
        seen.value++;
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        const { code, message } = callErrorOf(error);
        expect(canonicalCodes).toContain(code);
        checkWords(message, /answer|output/);
        expect(message.length).toBeLessThan(2000);
        seen.error++;
      }
    });
    expect(Math.min(seen.value, seen.error)).toBeGreaterThan(0);
  });
});
