import { performance } from "node:perf_hooks";
import { codeOfRestStatus, StatusError } from "../codes.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { HttpConnection } from "../transport/http.ts";
import { JsonBuffer } from "./json-buffer.ts";
import { decodePredictAnswer, errorText } from "./json-decode.ts";
import { encodePredictBody } from "./json-encode.ts";
import type { Security } from "../security.ts";
import type { CallResult, Client, PredictRequest } from "../client.ts";

/** TF Serving's REST API over one kept connection: numbers as nested lists, bytes as base64. */
export class RestClient implements Client {
  readonly #connection: HttpConnection;
  readonly #defaultSignature: string;
  /** Bodies' memory from calls that ended well, so that megabytes are not asked for again at every call. */
  readonly #buffers: JsonBuffer[] = [];

  /** @param defaultSignature used where a request names none */
  constructor(address: string, port: number, defaultSignature: string, security?: Security) {
    this.#connection = new HttpConnection(address, port, security);
    this.#defaultSignature = defaultSignature;
  }

  open(timeoutMs: number): Promise<void> {
    return this.#connection.open(timeoutMs, "REST");
  }

  call(request: PredictRequest): Promise<CallResult> {
    return settle(async () => {
      await this.#connection.ready(request.timeoutMs);
      const buffer = this.#buffers.pop() ?? new JsonBuffer();
      const startAt = performance.now();
      encodePredictBody(request, this.#defaultSignature, buffer);
      const body = buffer.written();
      const encodedAt = performance.now();
      const answer = await this.#connection.exchange("POST", predictPath(request), body, request.timeoutMs);
      const text = answer.body.toString("utf8");
      if (answer.status !== 200) throw new StatusError(codeOfRestStatus(answer.status), errorText(answer.status, text));
      const outputs = decodePredictAnswer(text);
      const { sentAt, firstByteAt, lastByteAt } = answer;
      const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
      // Only now: after a failure the kernel may still be reading it.
      this.#buffers.push(buffer);
      return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: answer.body.length };
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function predictPath(request: PredictRequest): string {
  const label = request.label === undefined ? "" : `/labels/${encodeURIComponent(request.label)}`;
  const version = request.version === undefined ? label : `/versions/${request.version}`;
  return `/v1/models/${encodeURIComponent(request.model)}${version}:predict`;
}
