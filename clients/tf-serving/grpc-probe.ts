import { performance } from "node:perf_hooks";
import { methodPaths } from "../../protos/index.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { decodePredictResponse } from "./messages/decode.ts";
import { encodePredictRequest } from "./messages/encode.ts";
import { GrpcChannel } from "../transport/grpc-channel.ts";
import type { Client } from "../client.ts";
import type { Security } from "../security.ts";

/** The gRPC client that adds as little as can be: hand-made codec, no copies of pixels, marks at every phase. */
export function probeClient(address: string, port: number, security?: Security): Client {
  const channel = new GrpcChannel(address, port, security);
  return {
    open: (timeoutMs) => channel.open(timeoutMs),
    call: (request) =>
      settle(async () => {
        await channel.ready(request.timeoutMs);
        const startAt = performance.now();
        const message = encodePredictRequest(request);
        const encodedAt = performance.now();
        const answer = await channel.unary(methodPaths.predict, message, request.timeoutMs);
        const outputs = decodePredictResponse(answer.body);
        const { sentAt, firstByteAt, lastByteAt } = answer;
        const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
        const retried = answer.retried ? { retried: true } : {};
        return {
          ok: true,
          timing,
          outputs,
          requestBytes: message.length,
          responseBytes: answer.body.length,
          ...retried,
        };
      }),
    close: () => channel.close(),
  };
}
