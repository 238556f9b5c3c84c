import { performance } from "node:perf_hooks";
import type { Client, PredictRequest, Tensor } from "../client.ts";
import { settle } from "../result.ts";
import type { Security } from "../security.ts";
import { timingOf } from "../timing.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import type { GatheredMessage } from "./protobuf-writer.ts";
import type { Windows } from "./settings.ts";

/** The one call by which an API's models are asked over gRPC. */
export interface PredictCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Throws for a request that the API cannot say, before anything is sent; absent: it can say all. */
  readonly check?: (request: PredictRequest) => void;
  readonly encode: (request: PredictRequest) => GatheredMessage;
  readonly decode: (message: Uint8Array) => Readonly<Record<string, Tensor>>;
}

/** A gRPC client over one kept connection that adds as little as can be: no copies of pixels, marks at every phase. */
export function grpcClient(
  address: string,
  port: number,
  predict: PredictCall,
  security?: Security,
  windows?: Windows,
): Client {
  const channel = new GrpcChannel(address, port, security, windows);
  return {
    open: (timeoutMs) => channel.open(timeoutMs),
    call: (request) =>
      settle(async () => {
        predict.check?.(request);
        await channel.ready(request.timeoutMs);
        const startAt = performance.now();
        const message = predict.encode(request);
        const encodedAt = performance.now();
        const answer = await channel.unary(predict.path, message, request.timeoutMs);
        const outputs = predict.decode(answer.body);
        const { sentAt, firstByteAt, lastByteAt, requestWindow } = answer;
        const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
        const bytes = { requestBytes: message.length, responseBytes: answer.body.length };
        return { ok: true, timing, outputs, ...bytes, requestWindow, ...(answer.retried ? { retried: true } : {}) };
      }),
    close: () => channel.close(),
  };
}
