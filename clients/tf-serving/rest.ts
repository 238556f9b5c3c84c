import { performance } from "node:perf_hooks";
import { codeOfRestStatus, StatusError } from "../codes.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { HttpConnection } from "../transport/http.ts";
import { JsonBuffer } from "./json-buffer.ts";
import { decodePredictAnswer, errorText } from "./json-decode.ts";
import { encodePredictBody } from "./json-encode.ts";
import type { Security } from "../security.ts";
import type { Client, PredictRequest } from "../client.ts";

/**
 * A client of TF Serving's REST API over one kept connection: numbers as nested lists, bytes as base64.
 *
 * @param defaultSignature used where a request names none
 */
export function restClient(address: string, port: number, defaultSignature: string, security?: Security): Client {
  const connection = new HttpConnection(address, port, security);
  /** Bodies' memory from calls that ended well, so that megabytes are not asked for again at every call. */
  const buffers: JsonBuffer[] = [];
  return {
    open: (timeoutMs) => connection.open(timeoutMs, "REST"),
    call: (request) =>
      settle(async () => {
        await connection.ready(request.timeoutMs);
        const buffer = buffers.pop() ?? new JsonBuffer();
        const startAt = performance.now();
        encodePredictBody(request, defaultSignature, buffer);
        const body = buffer.written();
        const encodedAt = performance.now();
        const answer = await connection.exchange("POST", predictPath(request), body, request.timeoutMs);
        const text = answer.body.toString("utf8");
        const { status, sentAt, firstByteAt, lastByteAt } = answer;
        if (status !== 200) throw new StatusError(codeOfRestStatus(status), errorText(status, text));
        const outputs = decodePredictAnswer(text);
        const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
        // Only now: after a failure the kernel may still be reading it.
        buffers.push(buffer);
        return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: answer.body.length };
      }),
    close: () => connection.close(),
  };
}

function predictPath(request: PredictRequest): string {
  const label = request.label === undefined ? "" : `/labels/${encodeURIComponent(request.label)}`;
  const version = request.version === undefined ? label : `/versions/${request.version}`;
  return `/v1/models/${encodeURIComponent(request.model)}${version}:predict`;
}
