import { performance } from "node:perf_hooks";
import { codeOfRestStatus, StatusError } from "../codes.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { HttpConnection } from "../transport/http.ts";
import { JsonBuffer } from "../json/buffer.ts";
import { errorText } from "../json/decode.ts";
import { decodePredictAnswer } from "./json-decode.ts";
import { encodePredictBody } from "./json-encode.ts";
import { needsNames } from "./rest-form.ts";
import type { Security } from "../security.ts";
import type { CallResult, Client, PredictRequest } from "../client.ts";

/** HTTP statuses by which servers refuse a request's form. */
const REFUSED: ReadonlySet<number> = new Set([400, 500, 501]);

/** A request that the server refused, in its words. */
class Refused extends StatusError {}

/**
 * A client of TF Serving's REST API over one kept connection: numbers as nested lists, bytes as base64.
 *
 * @param defaultSignature used where a request names none
 */
export function restClient(address: string, port: number, defaultSignature: string, security?: Security): Client {
  const connection = new HttpConnection(address, port, security);
  /** Bodies' memory from calls that ended well, so that megabytes are not asked for again at every call. */
  const buffers: JsonBuffer[] = [];
  /** Models and signatures that refused rows, and whether they take inputs by name. */
  const byName = new Map<string, boolean>();

  const attempt = async (request: PredictRequest, path: string, named: boolean): Promise<CallResult> => {
    await connection.ready(request.timeoutMs);
    const buffer = buffers.pop() ?? new JsonBuffer();
    const startAt = performance.now();
    encodePredictBody(request, defaultSignature, buffer, named);
    const body = buffer.written();
    const encodedAt = performance.now();
    const answer = await connection.exchange("POST", `${path}:predict`, body, request.timeoutMs);
    const text = answer.body.toString("utf8");
    const { status, sentAt, firstByteAt, lastByteAt } = answer;
    if (status !== 200)
      throw new (REFUSED.has(status) ? Refused : StatusError)(codeOfRestStatus(status), errorText(status, text));
    const outputs = decodePredictAnswer(text);
    const timing = timingOf({ startAt, encodedAt, sentAt, firstByteAt, lastByteAt, endAt: performance.now() });
    // Only now: after a failure the kernel may still be reading it.
    buffers.push(buffer);
    return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: answer.wireBytes };
  };

  const call = async (request: PredictRequest): Promise<CallResult> => {
    const path = modelPath(request);
    const signature = request.signature ?? defaultSignature;
    const known = byName.get(`${path} ${signature}`);
    try {
      return await attempt(request, path, known ?? false);
    } catch (error) {
      if (!(error instanceof Refused) || known !== undefined) throw error;
      const rows = Object.values(request.inputs)[0]?.shape[0] ?? 0;
      const named = await needsNames(connection, path, signature, rows, error.message, request.timeoutMs);
      byName.set(`${path} ${signature}`, named);
      if (!named) throw error;
      return attempt(request, path, true);
    }
  };

  return {
    open: (timeoutMs) => connection.open(timeoutMs, "REST"),
    call: (request) => settle(() => call(request)),
    close: () => connection.close(),
  };
}

function modelPath(request: PredictRequest): string {
  const label = request.label === undefined ? "" : `/labels/${encodeURIComponent(request.label)}`;
  const version = request.version === undefined ? label : `/versions/${request.version}`;
  return `/v1/models/${encodeURIComponent(request.model)}${version}`;
}
