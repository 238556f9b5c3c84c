import grpc from "@grpc/grpc-js";
import { methodPaths, packageDefinition } from "../../protos/index.ts";
import { authority, deadlineExceeded, unavailable } from "../address.ts";
import { codeName, codeOfRestStatus, StatusError } from "../codes.ts";
import { callErrorOf } from "../result.ts";
import { HttpConnection } from "../transport/http.ts";
import { channelTo } from "./grpc-js.ts";
import { errorText, parseJson } from "../json/decode.ts";
import { modelStatusOf, versionOfMetadata, type ModelVersionStatus } from "./status-messages.ts";
import type { CallError } from "../client.ts";
import type { Security } from "../security.ts";

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

/** No answer about a model comes near it. */
const LARGEST_ANSWER_BYTES = 2 ** 22;

type Peer = Omit<StatusQuery, "protocol" | "model">;

/** A value or why there is none; asking never throws. */
export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CallError };

/** How far each version of a model is: `AVAILABLE` when it can answer. A model the server does not know: `NOT_FOUND`. */
export function modelStatus(query: StatusQuery): Promise<Asked<readonly ModelVersionStatus[]>> {
  const { protocol, model } = query;
  return asked(async () =>
    modelStatusOf(
      protocol === "rest"
        ? await restGet(query, `/v1/models/${encodeURIComponent(model)}`)
        : await grpcCall(query, methodPaths.getModelStatus, { model_spec: { name: model } }),
    ),
  );
}

/** The version that a label means now. A label that the server has not: `INVALID_ARGUMENT`. */
export function versionOfLabel(query: StatusQuery & { readonly label: string }): Promise<Asked<number>> {
  const { protocol, model, label } = query;
  return asked(async () =>
    versionOfMetadata(
      protocol === "rest"
        ? await restGet(query, `/v1/models/${encodeURIComponent(model)}/labels/${encodeURIComponent(label)}/metadata`)
        : await grpcCall(query, methodPaths.getModelMetadata, {
            model_spec: { name: model, version_label: label },
            metadata_field: ["signature_def"],
          }),
    ),
  );
}

/** Gives the server another config in the place of the one it has: a ModelServerConfig as proto-loader takes it. */
export function reloadConfig(peer: Peer, config: object): Promise<Asked<void>> {
  return asked(async () => void (await grpcCall(peer, methodPaths.reloadConfig, { config })));
}

async function asked<T>(body: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { ok: true, value: await body() };
  } catch (error) {
    return { ok: false, error: callErrorOf(error) };
  }
}

async function restGet({ address, port, security, timeoutMs }: Peer, path: string): Promise<unknown> {
  const connection = new HttpConnection(address, port, security);
  connection.largestAnswerBytes = LARGEST_ANSWER_BYTES;
  try {
    await connection.ready(timeoutMs);
    const answer = await connection.exchange("GET", path, null, timeoutMs);
    const text = answer.body.toString("utf8");
    if (answer.status !== 200) throw new StatusError(codeOfRestStatus(answer.status), errorText(answer.status, text));
    return parseJson(text);
  } finally {
    await connection.close();
  }
}

/** @param path `/SERVICE/METHOD` */
async function grpcCall({ address, port, security, timeoutMs }: Peer, path: string, request: object): Promise<unknown> {
  const [, service = "", name = ""] = path.split("/");
  const definition = packageDefinition()[service] as grpc.ServiceDefinition;
  const { requestSerialize, responseDeserialize } = definition[name] as grpc.MethodDefinition<object, object>;
  const [credentials, channel] = channelTo(security);
  const bounded = { ...channel, "grpc.max_receive_message_length": LARGEST_ANSWER_BYTES };
  const client = new grpc.Client(authority(address, port), credentials, bounded);
  const options = { deadline: Date.now() + timeoutMs };
  try {
    return await new Promise<unknown>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error, answer) => {
        if (error === null) return resolve(answer);
        const code = codeName(error.code);
        if (code === "DEADLINE_EXCEEDED") reject(deadlineExceeded(address, port, timeoutMs));
        else if (code === "UNAVAILABLE") reject(unavailable(address, port, error.details));
        else reject(new StatusError(code, error.details, { cause: error }));
      });
    });
  } finally {
    client.close();
  }
}
