import { performance } from "node:perf_hooks";
import type { Client } from "../client.ts";
import { settle } from "../result.ts";
import type { Security } from "../security.ts";
import { timingOf } from "../timing.ts";
import { GrpcChannel } from "../transport/grpc-channel.ts";
import { decodeAnswer } from "./answer.ts";
import type { Encode } from "./bodies.ts";
import { decodePredictionResponse, encodePredictionsRequest, PREDICTIONS } from "./messages.ts";

/** A client of TorchServe's gRPC API over one kept connection. */
export function grpcClient(address: string, port: number, encode: Encode, security?: Security): Client {
  const channel = new GrpcChannel(address, port, security);
  return {
    open: (timeoutMs) => channel.open(timeoutMs),
    call: (request) =>
      settle(async () => {
        await channel.ready(request.timeoutMs);
        const startAt = performance.now();
        const message = encodePredictionsRequest(request, encode);
        const encodedAt = performance.now();
        const answer = await channel.unary(PREDICTIONS, message, request.timeoutMs);
        const outputs = decodeAnswer(decodePredictionResponse(answer.body));
        const { sentAt, firstByteAt, lastByteAt, retried } = answer;
        const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
        const bytes = { requestBytes: message.length, responseBytes: answer.body.length };
        return { ok: true, timing, outputs, ...bytes, ...(retried ? { retried } : {}) };
      }),
    close: () => channel.close(),
  };
}
