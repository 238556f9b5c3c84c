import { performance } from "node:perf_hooks";
import type { CallResult, Client, PredictRequest } from "../../../clients/client.ts";
import { codeOfRestStatus, StatusError } from "../../../clients/codes.ts";
import { settle } from "../../../clients/result.ts";
import { timingOf } from "../../../clients/timing.ts";

const UNSEEN = { encodedAt: null, sentAt: null, firstByteAt: null, lastByteAt: null } as const;

/** Node's own `fetch`: it sees the whole of a call and none of its parts. */
export class PigeonClient implements Client {
  readonly #origin: string;

  constructor(address: string, port: number) {
    this.#origin = `http://${address}:${port}`;
  }

  async open(timeoutMs: number): Promise<void> {
    await fetch(this.#origin, { signal: AbortSignal.timeout(timeoutMs) });
  }

  call({ model, inputs, timeoutMs }: PredictRequest): Promise<CallResult> {
    return settle(async () => {
      const startAt = performance.now();
      const [{ shape, data } = { shape: [], data: [] }] = Object.values(inputs);
      const [, height = 0, width = 0] = shape;
      const body = Buffer.concat([Buffer.alloc(12), data as Uint8Array]);
      body.writeUInt32BE(width, 0);
      body.writeUInt32BE(height, 4);
      const asked = { method: "POST", body, signal: AbortSignal.timeout(timeoutMs) };
      const response = await fetch(`${this.#origin}/models/${model}`, asked);
      const text = await response.text();
      if (response.status !== 200) throw new StatusError(codeOfRestStatus(response.status), text);
      const { outputs } = JSON.parse(text) as { outputs: { detections: number[][] } };
      const rows = outputs.detections;
      const timing = timingOf({ startAt, ...UNSEEN, endAt: performance.now() });
      const detections = { shape: [1, rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) };
      return {
        ...{ ok: true, timing, outputs: { detections: { dtype: "DT_FLOAT", ...detections } } },
        ...{ requestBytes: body.length, responseBytes: text.length },
      };
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
