import grpc from "@grpc/grpc-js";
import { messages, methodPaths, packageDefinition } from "../../protos/index.ts";
import { authority, deadlineExceeded, unavailable } from "../address.ts";
import { codeName, codeOfRestStatus, StatusError } from "../codes.ts";
import { channelTo } from "./grpc-js.ts";
import { HttpConnection } from "../transport/http.ts";
import { errorText } from "./json-decode.ts";
import {
  modelStatusOfJson,
  modelStatusOfProto,
  signaturesOfJson,
  signaturesOfProto,
  versionOfMetadata,
  type ModelVersionStatus,
  type Signatures,
  type StatusAnswer,
} from "./status-messages.ts";
import type { CallError } from "../client.ts";
import type { Security } from "../security.ts";
import { messageOf } from "../../lib/errors.ts";

export type { ModelVersionStatus, Signature, Signatures, TensorInfo } from "./status-messages.ts";

/** Where to ask, and by which protocol: `port` is that protocol's. */
export interface StatusQuery {
  readonly protocol: "grpc" | "rest";
  readonly address: string;
  readonly port: number;
  readonly model: string;
  readonly timeoutMs: number;
  /** Absent: in the clear. */
  readonly security?: Security | undefined;
}

/** A value or why there is none; asking never throws. */
export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CallError };

/** How far each version of a model is: `AVAILABLE` when it can answer. A model the server does not know: `NOT_FOUND`. */
export function modelStatus(query: StatusQuery): Promise<Asked<readonly ModelVersionStatus[]>> {
  return asked(async () =>
    query.protocol === "rest"
      ? modelStatusOfJson(await restGet(query, `/v1/models/${encodeURIComponent(query.model)}`))
      : modelStatusOfProto(
          (await grpcCall(query, "tensorflow.serving.ModelService", "GetModelStatus", methodPaths.getModelStatus, {
            model_spec: { name: query.model },
          })) as StatusAnswer,
        ),
  );
}

/** A loaded model's signatures, by name. */
export function modelSignatures(query: StatusQuery): Promise<Asked<Signatures>> {
  return asked(async () => {
    if (query.protocol === "rest")
      return signaturesOfJson(await restGet(query, `/v1/models/${encodeURIComponent(query.model)}/metadata`));
    const service = "tensorflow.serving.PredictionService";
    const answer = (await grpcCall(query, service, "GetModelMetadata", methodPaths.getModelMetadata, {
      model_spec: { name: query.model },
      metadata_field: ["signature_def"],
    })) as { metadata?: Record<string, { value?: Uint8Array }> };
    const packed = answer.metadata?.["signature_def"]?.value;
    if (packed === undefined) throw new StatusError("INTERNAL", "the metadata has no signature_def");
    const map = messages().lookupType("tensorflow.serving.SignatureDefMap");
    return signaturesOfProto(map.toObject(map.decode(packed), { longs: Number, enums: String, defaults: true }));
  });
}

/** The version that a label means now. A label that the server has not: `INVALID_ARGUMENT`. */
export function versionOfLabel(query: StatusQuery & { readonly label: string }): Promise<Asked<number>> {
  return asked(async () => {
    const { model, label } = query;
    const path = `/v1/models/${encodeURIComponent(model)}/labels/${encodeURIComponent(label)}/metadata`;
    const service = "tensorflow.serving.PredictionService";
    const answer =
      query.protocol === "rest"
        ? await restGet(query, path)
        : await grpcCall(query, service, "GetModelMetadata", methodPaths.getModelMetadata, {
            model_spec: { name: model, version_label: label },
            metadata_field: ["signature_def"],
          });
    return versionOfMetadata(answer);
  });
}

/** Gives the server another config in the place of the one it has: a ModelServerConfig as proto-loader takes it. */
export function reloadConfig(query: Omit<StatusQuery, "protocol" | "model">, config: object): Promise<Asked<void>> {
  const service = "tensorflow.serving.ModelService";
  return asked(async () => {
    await grpcCall(query, service, "HandleReloadConfigRequest", methodPaths.reloadConfig, { config });
  });
}

async function asked<T>(body: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { ok: true, value: await body() };
  } catch (error) {
    const code = error instanceof StatusError ? error.code : "INTERNAL";
    return { ok: false, error: { code, message: messageOf(error) } };
  }
}

async function restGet(query: StatusQuery, path: string): Promise<unknown> {
  const connection = new HttpConnection(query.address, query.port, query.security);
  try {
    await connection.ready(query.timeoutMs);
    const answer = await connection.exchange("GET", path, null, query.timeoutMs);
    const text = answer.body.toString("utf8");
    if (answer.status !== 200) throw new StatusError(codeOfRestStatus(answer.status), errorText(answer.status, text));
    return parse(text);
  } finally {
    await connection.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StatusError("INTERNAL", `the answer is not JSON: ${JSON.stringify(text.slice(0, 200))}`, {
      cause: error,
    });
  }
}

async function grpcCall(
  query: Omit<StatusQuery, "protocol" | "model">,
  service: string,
  name: string,
  path: string,
  request: object,
): Promise<unknown> {
  const definition = packageDefinition()[service] as grpc.ServiceDefinition;
  const method = definition[name] as grpc.MethodDefinition<object, object>;
  const where = authority(query.address, query.port);
  const client = new grpc.Client(where, ...channelTo(query.security));
  try {
    return await new Promise<object>((resolve, reject) => {
      const deadline = Date.now() + query.timeoutMs;
      client.makeUnaryRequest(
        path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        { deadline },
        (error, answer) => {
          if (error === null) return resolve(answer as object);
          const code = codeName(error.code);
          if (code === "DEADLINE_EXCEEDED") reject(deadlineExceeded(query.address, query.port, query.timeoutMs));
          else if (code === "UNAVAILABLE") reject(unavailable(query.address, query.port, error.details));
          else reject(new StatusError(code, error.details, { cause: error }));
        },
      );
    });
  } finally {
    client.close();
  }
}
