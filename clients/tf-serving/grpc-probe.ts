import { performance } from "node:perf_hooks";
import { methodPaths } from "../../protos/index.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { decodePredictResponse } from "./messages/decode.ts";
import { encodePredictRequest } from "./messages/encode.ts";
import { GrpcChannel } from "../transport/grpc-channel.ts";
import type { CallResult, Client, PredictRequest } from "../client.ts";
import type { Security } from "../security.ts";

/** The gRPC client that adds as little as can be: hand-made codec, no copies of pixels, marks at every phase. */
export class ProbeClient implements Client {
  readonly #channel: GrpcChannel;

  constructor(address: string, port: number, security?: Security) {
    this.#channel = new GrpcChannel(address, port, security);
  }

  open(timeoutMs: number): Promise<void> {
    return this.#channel.open(timeoutMs);
  }

  call(request: PredictRequest): Promise<CallResult> {
    return settle(async () => {
      await this.#channel.ready(request.timeoutMs);
      const startAt = performance.now();
      const message = encodePredictRequest(request);
      const encodedAt = performance.now();
      const answer = await this.#channel.unary(methodPaths.predict, message, request.timeoutMs);
      const outputs = decodePredictResponse(answer.body);
      const { sentAt, firstByteAt, lastByteAt } = answer;
      const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
      return { ok: true, timing, outputs, requestBytes: message.length, responseBytes: answer.body.length };
    });
  }

  close(): Promise<void> {
    return this.#channel.close();
  }
}
