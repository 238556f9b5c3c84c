import { performance } from "node:perf_hooks";
import { StatusError, codeOfRestStatus } from "../codes.ts";
import { grpcClient } from "../transport/grpc-client.ts";
import { JsonBuffer } from "../json/buffer.ts";
import { errorText } from "../json/decode.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import { HttpConnection, type HttpBody } from "../transport/http.ts";
import { LastSaid } from "../transport/last-said.ts";
import { binaryBody, outputsOfBody, type LastOutputs as LastBody } from "./http-body.ts";
import { encodeJsonBody } from "./json-elements.ts";
import { decodeInferResponse, encodeInferRequest, type LastOutputs as LastMessage } from "./messages.ts";
import type { Client, PredictRequest } from "../client.ts";
import type { Security } from "../security.ts";

/** The call of KServe's gRPC service that asks a model. */
export const INFER = "/inference.GRPCInferenceService/ModelInfer";

/** gRPC with the elements raw, with a hand-made codec. */
export function inferClient(address: string, port: number, security?: Security): Client {
  const last: LastMessage = new LastSaid();
  const decode = (message: Uint8Array) => decodeInferResponse(message, last);
  const infer = { path: INFER, check: refuseNames, encode: encodeInferRequest, decode };
  return grpcClient(address, port, infer, security);
}

/** REST with the elements of tensors raw behind the JSON, in both directions. */
export function binaryClient(address: string, port: number, security?: Security): Client {
  return httpClient(address, port, security, (request) => ({ body: binaryBody(request), answered: () => undefined }));
}

/** REST with the elements of tensors as JSON. */
export function jsonClient(address: string, port: number, security?: Security): Client {
  /** Bodies' memory from calls that ended well, so that megabytes are not asked for again at every call. */
  const buffers: JsonBuffer[] = [];
  return httpClient(address, port, security, (request) => {
    const buffer = buffers.pop() ?? new JsonBuffer();
    encodeJsonBody(request, buffer);
    return { body: buffer.written(), answered: () => void buffers.push(buffer) };
  });
}

/** @param encode makes a request's body; `answered` is called once the kernel need not read it any more */
function httpClient(
  address: string,
  port: number,
  security: Security | undefined,
  encode: (request: PredictRequest) => { readonly body: Buffer | HttpBody; readonly answered: () => void },
): Client {
  const connection = new HttpConnection(address, port, security);
  const last: LastBody = new LastSaid();
  return {
    open: (timeoutMs) => connection.open(timeoutMs, "REST"),
    call: (request) =>
      settle(async () => {
        refuseNames(request);
        await connection.ready(request.timeoutMs);
        const startAt = performance.now();
        const { body, answered } = encode(request);
        const encodedAt = performance.now();
        const answer = await connection.exchange("POST", inferPath(request), body, request.timeoutMs);
        const { status, jsonLength, wireBytes, ...marks } = answer;
        if (status !== 200)
          throw new StatusError(codeOfRestStatus(status), errorText(status, answer.body.toString("utf8")));
        const outputs = outputsOfBody(answer.body, jsonLength, last);
        const timing = timingOf({ startAt, encodedAt, ...marks, endAt: performance.now() });
        answered();
        return { ok: true, timing, outputs, requestBytes: body.length, responseBytes: wireBytes };
      }),
    close: () => connection.close(),
  };
}

function inferPath({ model, version }: PredictRequest): string {
  const which = version === undefined ? "" : `/versions/${version}`;
  return `/v2/models/${encodeURIComponent(model)}${which}/infer`;
}

/** The protocol has neither labels nor signatures: a request for one would be answered by something else. */
function refuseNames({ label, signature = "serving_default" }: PredictRequest): void {
  if (label === undefined && signature === "serving_default") return;
  const what = label === undefined ? `signature ${signature}` : `label ${label}`;
  throw new StatusError("INVALID_ARGUMENT", `KServe's protocol knows no ${what}: models and version numbers alone`);
}
