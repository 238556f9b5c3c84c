import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clientKind } from "../../clients/registry.ts";
import type { CallResult, PredictRequest, Tensor } from "../../clients/client.ts";
import { mlServer, type MlServer } from "./peers/mlserver.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

/*
 * The clients of KServe's protocol against MLServer, which shares no code with Triton. Its HTTP server answers tensors behind the JSON
 * with an error (MLServer 1.7.1): that is told as such.
 */

const pixels: Tensor = {
  dtype: "DT_UINT8",
  shape: [1, 2, 3, 3],
  data: Uint8Array.from({ length: 18 }, (_, i) => 14 * i),
};
const request = (input: Tensor, more: Partial<PredictRequest> = {}): PredictRequest => ({
  ...{ model: "every-type", inputs: { inputs: input }, timeoutMs: 30_000 },
  ...more,
});

const EVERY_TYPE = {
  same: pixels,
  BOOL: { dtype: "DT_BOOL", shape: [2, 1], data: Uint8Array.of(1, 0) },
  INT8: { dtype: "DT_INT8", shape: [2, 1], data: Int8Array.of(-2, 3) },
  INT16: { dtype: "DT_INT16", shape: [2, 1], data: Int16Array.of(-2, 3) },
  INT32: { dtype: "DT_INT32", shape: [2, 1], data: Int32Array.of(-2, 3) },
  INT64: { dtype: "DT_INT64", shape: [2, 1], data: BigInt64Array.of(-2n, 3n) },
  UINT8: { dtype: "DT_UINT8", shape: [2, 1], data: Uint8Array.of(2, 200) },
  UINT16: { dtype: "DT_UINT16", shape: [2, 1], data: Uint16Array.of(2, 200) },
  UINT32: { dtype: "DT_UINT32", shape: [2, 1], data: Uint32Array.of(2, 200) },
  UINT64: { dtype: "DT_UINT64", shape: [2, 1], data: BigUint64Array.of(2n, 200n) },
  FP32: { dtype: "DT_FLOAT", shape: [2, 1], data: Float32Array.of(0.5, -1.25) },
  FP64: { dtype: "DT_DOUBLE", shape: [2, 1], data: Float64Array.of(0.5, -1.25) },
};

describe("MLServer", () => {
  let server: MlServer;
  beforeAll(async () => {
    server = await mlServer();
  });
  afterAll(() => server?.stop());

  async function calls(kind: string, ...requests: PredictRequest[]): Promise<CallResult[]> {
    const { protocol } = clientKind(kind);
    const client = clientKind(kind).create("127.0.0.1", protocol === "grpc" ? server.grpcPort : server.restPort);
    const results: CallResult[] = [];
    try {
      await client.open(5000);
      for (const one of requests) results.push(await client.call(one));
    } finally {
      await client.close();
    }
    return results;
  }

  it.each(["kserve-grpc", "kserve-json"])(
    "answers %s with tensors of every type, and with its own reasons",
    async (kind) => {
      const [answered, versioned, unknown, again, empty] = await calls(
        kind,
        request(pixels),
        request(pixels, { version: 1 }),
        request(pixels, { model: "other" }),
        request(pixels),
        // The last one: MLServer's HTTP server closes the connection after its error without a word of that.
        request({ dtype: "DT_UINT8", shape: [0], data: new Uint8Array(0) }),
      );
      for (const result of [answered, versioned, again]) {
        if (result?.ok !== true) throw new Error(JSON.stringify(result));
        const { BYTES, ...numbers } = result.outputs;
        expect(numbers).toEqual(EVERY_TYPE);
        expect((BYTES?.data as Uint8Array[]).map((text) => Buffer.from(text).toString())).toEqual(["a", "ä"]);
        const { encodeMs, sendMs, waitMs, receiveMs, decodeMs, totalMs } = result.timing;
        const parts = [encodeMs, sendMs, waitMs, receiveMs, decodeMs].map((part) => part ?? NaN);
        expect(parts.reduce((a, b) => a + b)).toBeCloseTo(totalMs, 3);
      }
      expect(unknown).toMatchObject({
        ok: false,
        error: { code: "NOT_FOUND", message: expect.stringContaining("other") as string },
      });
      expect(empty).toMatchObject({ ok: false, error: { code: expect.stringMatching(/INTERNAL|UNKNOWN/) as string } });
    },
  );

  it("does not read tensors behind the JSON, which is told in its words", async () => {
    const [refused] = await calls("kserve-http", request(pixels));
    // An error of its own at first; it may also say that this is no JSON.
    const error = {
      code: expect.stringMatching(/INTERNAL|INVALID_ARGUMENT/) as string,
      message: expect.stringMatching(/HTTP (500|422)/) as string,
    };
    expect(refused).toMatchObject({ ok: false, error });
  });
});

it.each(["kserve-grpc", "kserve-http", "kserve-json"])(
  "%s refuses what the protocol has no name for, without a call",
  async (kind) => {
    const client = clientKind(kind).create("127.0.0.1", 1);
    for (const more of [{ label: "stable" }, { signature: "serving_bytes" }])
      expect(await client.call(request(pixels, more))).toMatchObject({
        ok: false,
        error: { code: "INVALID_ARGUMENT" },
      });
  },
);
