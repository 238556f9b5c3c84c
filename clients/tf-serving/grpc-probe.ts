import { methodPaths } from "../../protos/index.ts";
import type { Client } from "../client.ts";
import { grpcClient } from "../transport/grpc-client.ts";
import type { Security } from "../security.ts";
import type { Windows } from "../transport/settings.ts";
import { decodePredictResponse } from "./messages/decode.ts";
import { encodePredictRequest } from "./messages/encode.ts";

const PREDICT = { path: methodPaths.predict, encode: encodePredictRequest, decode: decodePredictResponse };

/** The gRPC client that adds as little as can be, with a hand-made codec. */
export function probeClient(address: string, port: number, security?: Security, windows?: Windows): Client {
  return grpcClient(address, port, PREDICT, security, windows);
}
