import protobuf from "protobufjs";

/*
 * The messages of KServe's gRPC service for a generic codec: what the hand-made one is held against. Names and numbers are the
 * protocol's.
 */

const TENSOR = `
  string name = 1; string datatype = 2; repeated int64 shape = 3; map<string, InferParameter> parameters = 4;
  InferTensorContents contents = 5;`;

const { root } = protobuf.parse(
  `syntax = "proto3"; package inference;
message InferParameter { oneof choice { bool bool_param = 1; int64 int64_param = 2; string string_param = 3; } }
message InferTensorContents {
  repeated bool bool_contents = 1; repeated int32 int_contents = 2; repeated int64 int64_contents = 3;
  repeated uint32 uint_contents = 4; repeated uint64 uint64_contents = 5; repeated float fp32_contents = 6;
  repeated double fp64_contents = 7; repeated bytes bytes_contents = 8;
}
message ModelInferRequest {
  message InferInputTensor { ${TENSOR} }
  string model_name = 1; string model_version = 2; string id = 3; map<string, InferParameter> parameters = 4;
  repeated InferInputTensor inputs = 5; repeated bytes raw_input_contents = 7;
}
message ModelInferResponse {
  message InferOutputTensor { ${TENSOR} }
  string model_name = 1; string model_version = 2; string id = 3; map<string, InferParameter> parameters = 4;
  repeated InferOutputTensor outputs = 5; repeated bytes raw_output_contents = 6;
}
message RepositoryIndexResponse {
  message ModelIndex { string name = 1; string version = 2; string state = 3; string reason = 4; }
  repeated ModelIndex models = 1;
}
message ModelConfig {
  message Group { string name = 1; int32 count = 2; int32 kind = 4; }
  message Input { string name = 1; int32 data_type = 2; repeated int64 dims = 4; }
  message Output { string name = 1; int32 data_type = 2; repeated int64 dims = 3; }
  message Batching { repeated int32 preferred_batch_size = 1; uint64 max_queue_delay_microseconds = 2; }
  string name = 1; string platform = 2; int32 max_batch_size = 4; repeated Input input = 5; repeated Output output = 6; repeated Group instance_group = 7; Batching dynamic_batching = 11;
}
message ModelConfigResponse { ModelConfig config = 1; }
message ServerMetadataResponse { string name = 1; string version = 2; repeated string extensions = 3; }
message ModelMetadataResponse {
  message Tensor { string name = 1; string datatype = 2; repeated int64 shape = 3; }
  string name = 1; repeated string versions = 2; string platform = 3; repeated Tensor inputs = 4; repeated Tensor outputs = 5;
}
message ModelReadyResponse { bool ready = 1; }`,
  { keepCase: true },
);

/** A message's bytes. */
export function encoded(type: string, value: object): Buffer {
  const message = root.lookupType(`inference.${type}`);
  return Buffer.from(message.encode(message.fromObject(value)).finish());
}

/** A message of bytes, its 64-bit integers as text. */
export function decoded(type: string, bytes: Uint8Array): unknown {
  const message = root.lookupType(`inference.${type}`);
  return message.toObject(message.decode(bytes), { longs: String, bytes: Buffer, defaults: false });
}
