import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { JsonBuffer } from "../json/buffer.ts";
import { errorText } from "../json/decode.ts";
import { decodePredictAnswer } from "./json-decode.ts";
import { encodeTensor } from "../json/encode.ts";
import { encodePredictBody } from "./json-encode.ts";
import { numericTensor, stringTensor, nest } from "../testing/arbitraries.ts";
import type { Tensor } from "../client.ts";

// Random cases, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

function encoded(tensor: Tensor): string {
  const out = new JsonBuffer();
  encodeTensor(tensor, out);
  return out.written().toString("utf8");
}

describe("JSON requests", () => {
  it("writes any tensor of numbers as JSON.stringify would write its nested lists", () => {
    fc.assert(
      fc.property(numericTensor({ finite: true }), (tensor) => {
        const text = encoded(tensor);
        // JSON.stringify has no bigint and writes -0 as 0; both are the same JSON number.
        expect(text.replace(/(?<![\de])-0(?![\d.])/g, "0")).toBe(
          JSON.stringify(nest(tensor), (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
        );
      }),
    );
  });

  it("writes strings as base64 objects", () => {
    fc.assert(
      fc.property(stringTensor(), (tensor) => {
        expect(encoded(tensor)).toBe(
          JSON.stringify(nest(tensor), (_key, value: unknown) =>
            value instanceof Uint8Array ? { b64: Buffer.from(value).toString("base64") } : value,
          ),
        );
      }),
    );
  });

  it("writes every byte value in every place of an image", () => {
    const data = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
    expect(encoded({ dtype: "DT_UINT8", shape: [1, 16, 16, 3], data })).toBe(
      JSON.stringify(nest({ dtype: "DT_UINT8", shape: [1, 16, 16, 3], data })),
    );
  });

  it("sends one batched input as rows and anything else by name", () => {
    const image: Tensor = { dtype: "DT_UINT8", shape: [1, 1, 2, 1], data: Uint8Array.of(7, 255) };
    const scalar: Tensor = { dtype: "DT_FLOAT", shape: [], data: Float32Array.of(0.5) };
    const body = (inputs: Record<string, Tensor>) => {
      const out = new JsonBuffer();
      encodePredictBody({ model: "m", inputs, timeoutMs: 1 }, "serving_default", out);
      return out.written().toString("utf8");
    };
    expect(body({ inputs: image })).toBe('{"signature_name":"serving_default","instances":[[[[7],[255]]]]}');
    expect(body({ t: scalar })).toBe('{"signature_name":"serving_default","inputs":{"t":0.5}}');
    expect(JSON.parse(body({ a: image, 'b"': scalar }))).toEqual({
      signature_name: "serving_default",
      inputs: { a: [[[[7], [255]]]], 'b"': 0.5 },
    });
  });

  it("starts each body anew in memory used before", () => {
    const out = new JsonBuffer();
    const request = (data: Uint8Array) => ({
      model: "m",
      inputs: { x: { dtype: "DT_UINT8" as const, shape: [data.length], data } },
      timeoutMs: 1,
    });
    encodePredictBody(request(new Uint8Array(9000).fill(200)), "s", out);
    encodePredictBody(request(Uint8Array.of(1)), "s", out);
    expect(out.written().toString()).toBe('{"signature_name":"s","instances":[1]}');
  });
});

describe("JSON answers", () => {
  it("puts the batch dimension back onto rows", () => {
    const answer = decodePredictAnswer(
      '{"predictions":[{"boxes":[[1,2,3,4],[5,6,7,8]],"num":2.0},{"boxes":[[0,0,0,0],[1,1,1,1]],"num":1}]}',
    );
    expect(answer["boxes"]).toEqual({
      dtype: "DT_FLOAT",
      shape: [2, 2, 4],
      data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 1, 1, 1, 1),
    });
    expect(answer["num"]).toEqual({ dtype: "DT_FLOAT", shape: [2], data: Float32Array.of(2, 1) });
  });

  it("takes columns with their own batch dimension, and a single output without its name", () => {
    expect(decodePredictAnswer('{"outputs":{"a":[[1],[2]],"s":["x"],"b":[{"b64":"aGk="}]}}')).toEqual({
      a: { dtype: "DT_FLOAT", shape: [2, 1], data: Float32Array.of(1, 2) },
      s: { dtype: "DT_STRING", shape: [1], data: [Buffer.from("x")] },
      b: { dtype: "DT_STRING", shape: [1], data: [Buffer.from("hi")] },
    });
    expect(decodePredictAnswer('{"predictions":[[1,2],[3,4]]}')).toEqual({
      "": { dtype: "DT_FLOAT", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    });
    expect(decodePredictAnswer('{"predictions":[{"b64":"aGk="}]}')).toEqual({
      "": { dtype: "DT_STRING", shape: [1], data: [Buffer.from("hi")] },
    });
  });

  it("reads NaN and the infinities as TF Serving writes them, and leaves such words in strings alone", () => {
    const answer = decodePredictAnswer(
      '{"predictions":[{"v":[NaN,Infinity,-Infinity,1.5],"s":["NaN \\" -Infinity"]}]}',
    );
    expect(answer["v"]?.data).toEqual(Float32Array.of(NaN, Infinity, -Infinity, 1.5));
    expect(Buffer.from((answer["s"]?.data as Uint8Array[])[0] ?? []).toString()).toBe('NaN " -Infinity');
  });

  it("gives back what nested lists of floats hold", () => {
    fc.assert(
      fc.property(numericTensor({ finite: true, dtypes: ["DT_FLOAT"], minRank: 1, minSize: 1 }), (tensor) => {
        const text = JSON.stringify({ outputs: { x: nest(tensor) } });
        const got = decodePredictAnswer(text)["x"];
        expect(got?.shape).toEqual(tensor.shape);
        expect([...(got?.data as Float32Array)]).toEqual([...(tensor.data as Float32Array)].map((v) => v + 0));
      }),
    );
  });

  it.each([
    ["half an answer", '{"predictions":[{"a":[1,'],
    ["no JSON at all", "<html>"],
    ["ragged lists", '{"outputs":{"a":[[1,2],[3]]}}'],
    ["mixed kinds", '{"outputs":{"a":[1,"x"]}}'],
    ["rows of different outputs", '{"predictions":[{"a":1},{"b":1}]}'],
    ["another object", '{"foo":1}'],
    ["a list", "[1]"],
  ])("refuses %s", (_name, text) => {
    expect(() => decodePredictAnswer(text)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });

  it("keeps the server's own words of an error, and shows what is not in its form", () => {
    expect(errorText(404, '{"error": "Servable not found for request: Latest(zz)"}')).toBe(
      "Servable not found for request: Latest(zz)",
    );
    expect(errorText(502, "Bad Gateway")).toBe("HTTP 502: Bad Gateway");
    expect(errorText(500, "")).toBe("HTTP 500 without a body");
    expect(() => decodePredictAnswer('{"error":"late"}')).toThrow("late");
  });
});
