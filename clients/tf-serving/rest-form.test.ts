import { describe, expect, it } from "vitest";
import { fuzz, nearJson } from "../../lib/testing/fuzz.ts";
import type { PredictRequest } from "../client.ts";
import { clientKind } from "../registry.ts";
import { httpServer, type Asked } from "../testing/loopback.ts";
import { lacksBatch } from "./rest-form.ts";

type Sizes = readonly number[] | "unknown";

/** TF Serving's metadata of a model whose outputs have these shapes. */
function metadataOf(outputs: Readonly<Record<string, Sizes>>) {
  const shape = (sizes: Sizes) =>
    sizes === "unknown"
      ? { dim: [], unknown_rank: true }
      : { dim: sizes.map((size) => ({ size: String(size), name: "" })), unknown_rank: false };
  const info = (sizes: Sizes) => ({ dtype: "DT_FLOAT", tensor_shape: shape(sizes), name: "x:0" });
  const signature = {
    inputs: { inputs: info([-1, -1, -1, 3]) },
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, sizes]) => [name, info(sizes)])),
    method_name: "tensorflow/serving/predict",
  };
  return {
    model_spec: { name: "m", signature_name: "", version: "1" },
    metadata: { signature_def: { signature_def: { serving_default: signature } } },
  };
}

describe("metadata", () => {
  it.each<[string, Readonly<Record<string, Sizes>>, boolean]>([
    ["outputs of a row each", { a: [-1, 4], b: [-1] }, false],
    ["outputs of one row, of which one is sent", { a: [1, 4] }, false],
    ["outputs of any rank", { a: "unknown" }, false],
    ["a scalar", { a: [-1, 4], count: [] }, true],
    ["a list as long as what was found", { a: [100, 4] }, true],
    ["a matrix beside rows", { a: [-1], camera: [3, 3] }, true],
    ["a list of nothing", { a: [0] }, true],
  ])("tells whether a server can cut into rows: %s", (_what, outputs, lacks) => {
    expect(lacksBatch(metadataOf(outputs), "serving_default", 1)).toBe(lacks);
  });

  it("of another signature, or none at all, tells nothing", () => {
    expect(lacksBatch(metadataOf({ a: [] }), "other", 1)).toBeUndefined();
    expect(lacksBatch(metadataOf({ a: [] }), "toString", 1)).toBeUndefined();
    expect(lacksBatch({ model_spec: {} }, "serving_default", 1)).toBeUndefined();
  });

  it("with any faults tells something or nothing, and throws nothing", () => {
    fuzz(1, nearJson([metadataOf({ a: [-1, 4], count: [] })]), (value) => {
      expect([true, false, undefined]).toContain(lacksBatch(value, "serving_default", 1));
    });
  });
});

const request: PredictRequest = {
  model: "m",
  version: 3,
  inputs: { inputs: { dtype: "DT_UINT8", shape: [1, 2], data: Uint8Array.of(5, 6) } },
  timeoutMs: 5000,
};
const BY_NAME = '{"signature_name":"serving_default","inputs":{"inputs":[[5,6]]}}';

/** Calls a server twice; what was asked of it, in order, and both results. */
async function twice(answer: (asked: Asked) => readonly [number, string]) {
  const seen: string[] = [];
  const server = await httpServer((asked) => {
    seen.push(asked.method === "GET" ? `GET ${asked.path}` : asked.body.includes('"instances"') ? "rows" : "names");
    return answer(asked);
  });
  const client = clientKind("rest").create("127.0.0.1", server.port);
  try {
    await client.open(5000);
    return { seen, results: [await client.call(request), await client.call(request)] };
  } finally {
    await client.close();
    server.close();
  }
}

describe("rest and a model whose outputs have no batch dimension", () => {
  const refused = [400, '{"error":"cannot make rows of it"}'] as const;
  const scalar = JSON.stringify(metadataOf({ count: [], a: [-1] }));

  it("sends its inputs by name once the metadata has told so, and from then on at once", async () => {
    const { seen, results } = await twice(({ method, body }) => {
      if (method === "GET") return [200, scalar];
      return body === BY_NAME ? [200, '{"outputs":{"count":3,"a":[0.5]}}'] : refused;
    });
    expect(seen).toEqual(["rows", "GET /v1/models/m/versions/3/metadata", "names", "names"]);
    for (const result of results)
      expect(result).toMatchObject({
        ok: true,
        outputs: { count: { shape: [], data: Float32Array.of(3) }, a: { shape: [1] } },
      });
  });

  it.each([
    "Tensor name: a has inconsistent batch size: 100 expecting: 1",
    "Tensor name: count has no shape information ",
  ])("believes the server's own words: %s", async (error) => {
    const { seen, results } = await twice(({ body }) =>
      body === BY_NAME ? [200, '{"outputs":[1,2,3]}'] : [400, JSON.stringify({ error })],
    );
    expect(seen).toEqual(["rows", "names", "names"]);
    expect(results[1]).toMatchObject({ ok: true, outputs: { "": { shape: [3] } } });
  });

  it("has the refusal for its result where the metadata tells of rows, or nothing; and asks once", async () => {
    for (const metadata of [
      [200, JSON.stringify(metadataOf({ a: [-1] }))],
      [404, "{}"],
      [200, "no JSON"],
    ] as const) {
      const { seen, results } = await twice(({ method }) => (method === "GET" ? metadata : refused));
      expect(seen).toEqual(["rows", "GET /v1/models/m/versions/3/metadata", "rows"]);
      for (const result of results)
        expect(result).toMatchObject({
          ok: false,
          error: { code: "INVALID_ARGUMENT", message: "cannot make rows of it" },
        });
    }
  });

  it("asks nothing where a model is not there, or rows are well", async () => {
    expect((await twice(() => [404, '{"error":"Servable not found"}'])).seen).toEqual(["rows", "rows"]);
    expect((await twice(() => [200, '{"predictions":[1]}'])).seen).toEqual(["rows", "rows"]);
  });
});
