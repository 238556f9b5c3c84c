import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PredictRequest } from "../../../clients/client.ts";
import { PlainClient } from "./client.ts";
import { plainServer } from "./kind.ts";
import { startPlain, type PlainServer } from "./start.ts";

const request = (model: string, [height, width] = [2, 4], bytes = 24): PredictRequest => ({
  model,
  inputs: {
    inputs: { dtype: "DT_UINT8", shape: [1, height ?? 0, width ?? 0, 3], data: new Uint8Array(bytes).fill(9) },
  },
  timeoutMs: 5_000,
});

describe("the tests' own server and its client", () => {
  let server: PlainServer;
  let client: PlainClient;
  beforeAll(async () => {
    server = await startPlain({ good: "graph", broken: "" }, { PLAIN_DELAY_MS: "30" });
    client = new PlainClient("127.0.0.1", server.port);
    await client.open(5_000);
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  it("turn pixels into detections, and see where the time went", async () => {
    for (let call = 0; call < 3; call++) {
      const result = await client.call(request("good"));
      if (!result.ok) throw new Error(result.error.message);
      // The mean of the bytes, the image's width and height, and the bytes of the model's file.
      expect(result.outputs["detections"]).toEqual({
        dtype: "DT_FLOAT",
        shape: [1, 1, 4],
        data: Float32Array.from([9, 4, 2, 5]),
      });
      expect(result.requestBytes).toBe(12 + 24);
      expect(result.timing.waitMs).toBeGreaterThan(29);
      const { encodeMs, sendMs, waitMs, receiveMs, decodeMs, totalMs } = result.timing;
      const parts = [encodeMs, sendMs, waitMs, receiveMs, decodeMs].map((part) => part ?? NaN);
      expect(parts.reduce((a, b) => a + b)).toBeCloseTo(totalMs, 3);
    }
  });

  it("say why a call failed", async () => {
    const failure = async (asked: PredictRequest) => {
      const result = await client.call(asked);
      return result.ok ? "ok" : `${result.error.code}: ${result.error.message}`;
    };
    expect(await failure(request("none"))).toMatch(/^NOT_FOUND: .*no model none is served/);
    expect(await failure(request("broken"))).toMatch(/^NOT_FOUND: .*no model broken is served/);
    expect(await failure(request("good", [2, 4], 9))).toMatch(/^INVALID_ARGUMENT: .*9 bytes are not 4 x 2 pixels/);
    expect(await failure(request("good"))).toBe("ok");
  });
});

describe("the tests' server kind", () => {
  it("has settings that no other kind has", () => {
    const { settings } = plainServer;
    expect(settings.parse({ workers: 3 })).toEqual({ workers: 3 });
    expect(settings.safeParse({ omp: 3 }).success).toBe(false);
    const { env, command } = plainServer.container([], { workers: 3, delayMs: 5 }, {} as never);
    expect(plainServer.settingsShown({ env: { ...env, LANG: "C" }, command })).toEqual({
      PLAIN_WORKERS: "3",
      PLAIN_DELAY_MS: "5",
    });
  });
});
