import { fromJSON, type Options, type PackageDefinition } from "@grpc/proto-loader";
import protobuf from "protobufjs";
import descriptor from "./descriptor.json" with { type: "json" };

/*
 * TF Serving's wire contract, ready to use. Loaded from a generated JSON descriptor and not from .proto files, so that it
 * also works inside a bundle of one file.
 */

/** How messages look in JavaScript everywhere in Lathe: names as in the .proto files, enums by name, int64 as text. */
export const messageOptions: Options = {
  keepCase: true,
  longs: String,
  enums: String,
  bytes: Buffer,
  defaults: true,
  oneofs: true,
};

/** Service and message definitions for grpc-js: `grpc.loadPackageDefinition(packageDefinition())`. */
export function packageDefinition(): PackageDefinition {
  return fromJSON(descriptor as protobuf.INamespace, messageOptions);
}

/** The messages as protobufjs types: `messages().lookupType("tensorflow.TensorProto")`. */
export function messages(): protobuf.Root {
  return protobuf.Root.fromJSON(descriptor as protobuf.INamespace).resolveAll() as protobuf.Root;
}

/** Full method paths, as they travel in `:path`. */
export const methodPaths = {
  predict: "/tensorflow.serving.PredictionService/Predict",
  getModelMetadata: "/tensorflow.serving.PredictionService/GetModelMetadata",
  getModelStatus: "/tensorflow.serving.ModelService/GetModelStatus",
  reloadConfig: "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
} as const;
