import { performance } from "node:perf_hooks";
import { z } from "zod";
import { codeOfRestStatus, StatusError } from "../../../clients/codes.ts";
import type { CallResult, Client, PredictRequest, Tensor } from "../../../clients/client.ts";
import { settle } from "../../../clients/result.ts";
import type { Security } from "../../../clients/security.ts";
import { timingOf } from "../../../clients/timing.ts";
import { HttpConnection } from "../../../clients/transport/http.ts";

/** Width, height and a zero, each in four bytes. */
const HEADER_BYTES = 12;

const Answer = z.object({ outputs: z.record(z.string(), z.array(z.array(z.number())).min(1)) });

/** One POST a call: a header of 12 bytes and the pixels; the answer is JSON. */
export class PlainClient implements Client {
  readonly #connection: HttpConnection;

  constructor(address: string, port: number, security?: Security) {
    this.#connection = new HttpConnection(address, port, security);
  }

  open(timeoutMs: number): Promise<void> {
    return this.#connection.open(timeoutMs, "REST");
  }

  call(request: PredictRequest): Promise<CallResult> {
    return settle(async () => {
      await this.#connection.ready(request.timeoutMs);
      const startAt = performance.now();
      const body = encode(request);
      const encodedAt = performance.now();
      const path = `/models/${encodeURIComponent(request.model)}`;
      const { status, body: answer, ...marks } = await this.#connection.exchange("POST", path, body, request.timeoutMs);
      if (status !== 200) throw new StatusError(codeOfRestStatus(status), answer.toString("utf8"));
      const outputs = decode(answer);
      const timing = timingOf({ startAt, encodedAt, ...marks, endAt: performance.now() });
      return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: answer.length };
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function encode({ inputs }: PredictRequest): Buffer {
  const [image] = Object.values(inputs);
  const [, height = 0, width = 0, channels] = image?.shape ?? [];
  if (!(image?.data instanceof Uint8Array) || channels !== 3)
    throw new StatusError("INVALID_ARGUMENT", "the input is no image");
  const body = Buffer.alloc(HEADER_BYTES + image.data.length);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set(image.data, HEADER_BYTES);
  return body;
}

function decode(answer: Buffer): Record<string, Tensor> {
  const parsed = Answer.safeParse(JSON.parse(answer.toString("utf8")));
  if (!parsed.success) throw new StatusError("INTERNAL", "the answer is none of this server's");
  return Object.fromEntries(
    Object.entries(parsed.data.outputs).map(([name, rows]) => [
      name,
      { dtype: "DT_FLOAT", shape: [1, rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) },
    ]),
  );
}
