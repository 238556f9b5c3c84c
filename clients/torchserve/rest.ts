import { performance } from "node:perf_hooks";
import type { Client } from "../client.ts";
import { codeOfRestStatus, StatusError } from "../codes.ts";
import { settle } from "../result.ts";
import type { Security } from "../security.ts";
import { timingOf } from "../timing.ts";
import { HttpConnection, type HttpBody } from "../transport/http.ts";
import { decodeAnswer, failureOf } from "./answer.ts";
import type { Encode } from "./bodies.ts";

/** Of the head: one object, so that the last head can be sent again. */
const NO_MORE = {};

/** A client of TorchServe's REST API over one kept connection. By the content type TorchServe knows what to do with a body. */
export function restClient(
  address: string,
  port: number,
  encode: Encode,
  security?: Security,
  contentType = "application/octet-stream",
): Client {
  const connection = new HttpConnection(address, port, security);
  return {
    open: (timeoutMs) => connection.open(timeoutMs, "REST"),
    call: (request) =>
      settle(async () => {
        await connection.ready(request.timeoutMs);
        const startAt = performance.now();
        const pieces = encode(request);
        const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
        const body: HttpBody = { pieces, length, type: contentType, headers: NO_MORE };
        const encodedAt = performance.now();
        const path = `/predictions/${encodeURIComponent(request.model)}`;
        const answer = await connection.exchange("POST", path, body, request.timeoutMs);
        const { status, sentAt, firstByteAt, lastByteAt } = answer;
        if (status !== 200) throw new StatusError(codeOfRestStatus(status), failureOf(status, answer.body));
        const outputs = decodeAnswer(answer.body);
        const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
        return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: answer.wireBytes };
      }),
    close: () => connection.close(),
  };
}
