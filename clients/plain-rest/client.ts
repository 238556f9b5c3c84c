import { performance } from "node:perf_hooks";
import { codeOfRestStatus, StatusError } from "../codes.ts";
import { JsonBuffer } from "../json/buffer.ts";
import { errorText } from "../json/decode.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { HttpConnection } from "../transport/http.ts";
import { decodeAnswer, encodeRequest, pathOf } from "./messages.ts";
import type { Security } from "../security.ts";
import type { CallResult, Client, PredictRequest } from "../client.ts";

/** A client of plain REST over one kept connection. */
export interface PlainRestClient extends Client {
  /** The worker that gave the last answer; undefined where none did, or the server does not tell. */
  readonly worker: number | undefined;
}

/** Makes such a client. */
export function plainRestClient(address: string, port: number, security?: Security): PlainRestClient {
  const connection = new HttpConnection(address, port, security);
  /** Bodies' memory from calls that ended well, so that megabytes are not asked for again at every call. */
  const buffers: JsonBuffer[] = [];
  let lastWorker: number | undefined;

  const call = async (request: PredictRequest): Promise<CallResult> => {
    const path = pathOf(request);
    await connection.ready(request.timeoutMs);
    const buffer = buffers.pop() ?? new JsonBuffer();
    const startAt = performance.now();
    encodeRequest(request, buffer);
    const body = buffer.written();
    const encodedAt = performance.now();
    const answer = await connection.exchange("POST", path, body, request.timeoutMs);
    const text = answer.body.toString("utf8");
    const { status, sentAt, firstByteAt, lastByteAt } = answer;
    if (status !== 200) throw new StatusError(codeOfRestStatus(status), errorText(status, text));
    const { outputs, worker } = decodeAnswer(text);
    const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
    lastWorker = worker;
    // Only now: after a failure the kernel may still be reading it.
    buffers.push(buffer);
    return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: answer.wireBytes };
  };

  return {
    open: (timeoutMs) => connection.open(timeoutMs, "REST"),
    call: (request) => settle(() => call(request)),
    close: () => connection.close(),
    get worker() {
      return lastWorker;
    },
  };
}
