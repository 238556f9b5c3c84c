import { performance } from "node:perf_hooks";
import grpc from "@grpc/grpc-js";
import { methodPaths, packageDefinition } from "../../protos/index.ts";
import { authority, deadlineExceeded, noConnection } from "../address.ts";
import { codeName, LARGEST_ANSWER_BYTES, StatusError } from "../codes.ts";
import { settle } from "../result.ts";
import { timingOf } from "../timing.ts";
import type { Security } from "../security.ts";
import { checkPredictResponse } from "./messages/decode.ts";
import { requestObject, tensorOfObject, type TensorObject } from "./messages/grpc-js-objects.ts";
import type { CallResult, Client, PredictRequest } from "../client.ts";

/** Options of every grpc-js channel of Lathe: requests of any size, as TF Serving takes them, and answers up to a limit. */
export const channelOptions: grpc.ChannelOptions = {
  "grpc.max_receive_message_length": LARGEST_ANSWER_BYTES,
  "grpc.max_send_message_length": -1,
};

/** The credentials and options of a channel to a server, protected or not. */
export function channelTo(security: Security | undefined): [grpc.ChannelCredentials, grpc.ChannelOptions] {
  if (security === undefined) return [grpc.credentials.createInsecure(), channelOptions];
  const { ca, cert, key, serverName } = security;
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return [
    grpc.credentials.createSsl(Buffer.from(ca), buffer(key), buffer(cert)),
    { ...channelOptions, "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName },
  ];
}

/** One PredictResponse as proto-loader gives it. */
interface Answer {
  readonly outputs: Readonly<Record<string, TensorObject>>;
}

/** The gRPC client that a Node application would have: grpc-js and proto-loader's generic codec. */
export function grpcJsClient(address: string, port: number, security?: Security): Client {
  const service = packageDefinition()["tensorflow.serving.PredictionService"] as grpc.ServiceDefinition;
  const method = service["Predict"] as grpc.MethodDefinition<object, Answer>;
  const where = authority(address, port);
  let connection: grpc.Client | null = null;

  const statusOf = (error: grpc.ServiceError, timeoutMs: number): StatusError => {
    const code = codeName(error.code);
    if (code === "DEADLINE_EXCEEDED") return deadlineExceeded(address, port, timeoutMs);
    const named = code !== "UNAVAILABLE" || error.details.includes(where);
    return new StatusError(code, named ? error.details : `${where}: ${error.details}`, { cause: error });
  };

  const call = async (request: PredictRequest): Promise<CallResult> => {
    const client = connection;
    if (client === null) throw new StatusError("UNAVAILABLE", `${where}: not connected`);
    let [requestBytes, responseBytes] = [0, 0];
    let [encodedAt, firstByteAt, lastByteAt] = [0, 0, 0];
    const startAt = performance.now();
    const object = requestObject(request);
    const serialize = (value: object) => {
      const bytes = method.requestSerialize(value);
      requestBytes = bytes.length;
      encodedAt = performance.now();
      return bytes;
    };
    const deserialize = (bytes: Buffer) => {
      lastByteAt = performance.now();
      responseBytes = bytes.length;
      checkPredictResponse(bytes);
      return method.responseDeserialize(bytes);
    };
    const options = { deadline: Date.now() + request.timeoutMs };
    const answer = await new Promise<Answer>((resolve, reject) => {
      client
        .makeUnaryRequest(methodPaths.predict, serialize, deserialize, object, options, (error, value) => {
          if (error !== null) reject(statusOf(error, request.timeoutMs));
          else resolve(value as Answer);
        })
        .on("metadata", () => {
          firstByteAt = performance.now();
        });
    });
    const outputs = Object.fromEntries(Object.entries(answer.outputs).map(([name, t]) => [name, tensorOfObject(t)]));
    const marks = { startAt, encodedAt, sentAt: null, firstByteAt, lastByteAt, endAt: performance.now() };
    return { ok: true, timing: timingOf(marks), outputs, requestBytes, responseBytes };
  };

  return {
    async open(timeoutMs) {
      const client = new grpc.Client(where, ...channelTo(security));
      try {
        await connected(client, timeoutMs);
      } catch (error) {
        client.close();
        throw noConnection("gRPC", address, port, error);
      }
      connection = client;
    },
    call: (request) => settle(() => call(request)),
    close() {
      connection?.close();
      connection = null;
      return Promise.resolve();
    },
  };
}

/** Resolves when the channel is connected; rejects at its first failure, where grpc-js itself would try on. */
async function connected(client: grpc.Client, timeoutMs: number): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === grpc.connectivityState.READY) return;
    if (state === grpc.connectivityState.TRANSIENT_FAILURE) {
      // Only a call gets the reason: one that fails at once, because there is no connection.
      throw new Error(await failureOf(client));
    }
    await new Promise<void>((resolve, reject) =>
      channel.watchConnectivityState(state, deadline, (error) =>
        error ? reject(new Error(`no HTTP/2 peer within ${timeoutMs} ms`)) : resolve(),
      ),
    );
  }
}

function failureOf(client: grpc.Client): Promise<string> {
  const pass = (bytes: Buffer) => bytes;
  const options = { deadline: Date.now() + 1000 };
  return new Promise((resolve) => {
    client.makeUnaryRequest(methodPaths.predict, pass, pass, Buffer.alloc(0), options, (error) =>
      resolve(error?.details ?? "the connection failed"),
    );
  });
}
