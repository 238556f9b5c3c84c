import type { Client, PredictRequest } from "../client.ts";
import { grpcClient } from "../transport/grpc-client.ts";
import type { Security } from "../security.ts";
import { decodeAnswer } from "./answer.ts";
import type { Encode } from "./bodies.ts";
import { decodePredictionResponse, encodePredictionsRequest, PREDICTIONS } from "./messages.ts";

/** A client of TorchServe's gRPC API over one kept connection. */
export function predictionsClient(address: string, port: number, encode: Encode, security?: Security): Client {
  const predictions = {
    path: PREDICTIONS,
    encode: (request: PredictRequest) => encodePredictionsRequest(request, encode),
    decode: (message: Uint8Array) => decodeAnswer(decodePredictionResponse(message)),
  };
  return grpcClient(address, port, predictions, security);
}
