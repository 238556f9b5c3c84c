import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encoded } from "../../clients/kserve-v2/testing/messages.ts";
import { binaryBody } from "../../clients/kserve-v2/http-body.ts";
import { encodeInferRequest } from "../../clients/kserve-v2/messages.ts";
import { contentBytes } from "../../clients/tensors.ts";
import type { PredictRequest, Tensor } from "../../clients/client.ts";
import type { HttpBody } from "../../clients/transport/http.ts";
import { GRPC_BOXES, MODEL, detections } from "./payload.ts";

/*
 * What the server of fixed answers says to clients of KServe's protocol: the same detector's answer in both forms, its tensors raw, and
 * what perf_analyzer asks before it measures.
 */

/** The fixed answers to the one request. */
export interface KserveAnswers {
  readonly grpc: Buffer;
  readonly http: Buffer;
  /** How much of the latter is JSON. */
  readonly httpJsonBytes: number;
}

/** The answers, always the same. */
export function kserveAnswers(): KserveAnswers {
  const outputs = Object.entries(detections(GRPC_BOXES)).map(([name, [shape, values]]) => ({
    ...{ name, datatype: "FP32", shape },
    raw: Buffer.from(contentBytes({ dtype: "DT_FLOAT", shape, data: values } satisfies Tensor)),
  }));
  const raws = outputs.map(({ raw }) => raw);
  const heads = outputs.map(({ raw: _raw, ...head }) => head);
  const which = { model_name: MODEL, model_version: "1" };
  const sized = heads.map((head, i) => ({ ...head, parameters: { binary_data_size: raws[i]?.length } }));
  const json = Buffer.from(JSON.stringify({ ...which, outputs: sized }));
  return {
    grpc: encoded("ModelInferResponse", { ...which, outputs: heads, raw_output_contents: raws }),
    http: Buffer.concat([json, ...raws]),
    httpJsonBytes: json.length,
  };
}

/** What a server of these answers needs, and what the bare client needs. */
export interface KserveFiles {
  /** The server's arguments. */
  readonly args: readonly string[];
  /** Files: gRPC's message; all the bytes of an HTTP request, its head too. */
  readonly requests: Readonly<Record<"grpc" | "rest", string>>;
}

/** Writes answers and request into a folder. */
export async function writeKserve(request: PredictRequest, folder: string): Promise<KserveFiles> {
  const { grpc, http, httpJsonBytes } = kserveAnswers();
  const others = join(folder, "kserve");
  await mkdir(others);
  const [grpcFile, httpFile] = [join(folder, "kserve.bin"), join(folder, "kserve.http")];
  const requests = { grpc: join(folder, "kserve-request.bin"), rest: join(folder, "kserve-request.http") };
  const [message, body] = [encodeInferRequest(request), binaryBody(request)];
  await writeFile(grpcFile, grpc);
  await writeFile(httpFile, http);
  await writeFile(requests.grpc, message.pieces);
  await writeFile(requests.rest, [httpHead(body), ...body.pieces]);
  for (const [name, content] of Object.entries(questions())) await writeFile(join(others, name), content);
  const args = [
    ...["-grpc-answer", grpcFile, "-grpc-request-bytes", `${message.length - 64}`],
    ...["-rest-answer", httpFile, "-rest-request-bytes", `${body.length - 200}`],
    ...["-rest-json-bytes", `${httpJsonBytes}`, "-others", others],
  ];
  return { args, requests };
}

/** The head of an infer request with this body, no longer than it has to be. */
function httpHead({ type, headers, length }: HttpBody): Buffer {
  const fields = { host: "127.0.0.1", "content-type": type, "content-length": length, ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([`POST /v2/models/${MODEL}/infer HTTP/1.1`, ...lines, "\r\n"].join("\r\n"), "latin1");
}

/** What perf_analyzer asks, and what a Triton with this model says. No server that measures itself: it has no `statistics`. */
function questions(): Record<string, Buffer | string> {
  const inputs = [{ name: "inputs", datatype: "UINT8", shape: [-1, -1, -1, 3] }];
  const outputs = Object.entries(detections(1)).map(([name, [shape]]) => ({
    name,
    datatype: "FP32",
    shape: shape.map(() => -1),
  }));
  const server = { name: "fixed", version: "1", extensions: ["model_configuration", "binary_tensor_data"] };
  const metadata = { name: MODEL, versions: ["1"], platform: "fixed", inputs, outputs };
  const dims = <T extends { shape: readonly number[] }>({ shape, ...rest }: T) => ({ ...rest, dims: shape });
  const config = (type: (datatype: string) => string | number) => ({
    ...{ name: MODEL, platform: "fixed", max_batch_size: 0 },
    input: inputs.map(({ datatype, ...rest }) => dims({ ...rest, data_type: type(datatype) })),
    output: outputs.map(({ datatype, ...rest }) => dims({ ...rest, data_type: type(datatype) })),
  });
  // Numbers of Triton's DataType.
  const numbers = config((datatype) => (datatype === "UINT8" ? 2 : 11));
  const path = `_v2_models_${MODEL}`;
  return {
    "ServerMetadata.bin": encoded("ServerMetadataResponse", server),
    "ModelMetadata.bin": encoded("ModelMetadataResponse", metadata),
    "ModelConfig.bin": encoded("ModelConfigResponse", { config: numbers }),
    "ModelReady.bin": encoded("ModelReadyResponse", { ready: true }),
    "_v2.json": JSON.stringify(server),
    [`${path}.json`]: JSON.stringify(metadata),
    [`${path}_config.json`]: JSON.stringify(config((datatype) => `TYPE_${datatype}`)),
    [`${path}_ready.json`]: "",
  };
}
