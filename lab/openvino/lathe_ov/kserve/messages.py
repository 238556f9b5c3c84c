"""KServe v2's gRPC messages (package `inference`), built here by their names and numbers: no package has the stubs alone."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_F = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    name: getattr(_F, f"TYPE_{name.upper()}")
    for name in ("bool", "string", "bytes", "int32", "int64", "uint32", "uint64", "float", "double")
}

# Fields by message: name, number, type; `*`: repeated. What is not here (parameters) is read over.
_MESSAGES = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "live 1 bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "ready 1 bool",
    "ModelReadyRequest": "name 1 string, version 2 string",
    "ModelReadyResponse": "ready 1 bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name 1 string, version 2 string, extensions 3 *string",
    "ModelMetadataRequest": "name 1 string, version 2 string",
    "ModelMetadataResponse": "name 1 string, versions 2 *string, platform 3 string, inputs 4 *ModelMetadataResponse.TensorMetadata, "
    "outputs 5 *ModelMetadataResponse.TensorMetadata",
    "ModelMetadataResponse.TensorMetadata": "name 1 string, datatype 2 string, shape 3 *int64",
    "InferTensorContents": "bool_contents 1 *bool, int_contents 2 *int32, int64_contents 3 *int64, uint_contents 4 *uint32, "
    "uint64_contents 5 *uint64, fp32_contents 6 *float, fp64_contents 7 *double, bytes_contents 8 *bytes",
    "ModelInferRequest": "model_name 1 string, model_version 2 string, id 3 string, inputs 5 *ModelInferRequest.InferInputTensor, "
    "outputs 6 *ModelInferRequest.InferRequestedOutputTensor, raw_input_contents 7 *bytes",
    "ModelInferRequest.InferInputTensor": "name 1 string, datatype 2 string, shape 3 *int64, contents 5 InferTensorContents",
    "ModelInferRequest.InferRequestedOutputTensor": "name 1 string",
    "ModelInferResponse": "model_name 1 string, model_version 2 string, id 3 string, outputs 5 *ModelInferResponse.InferOutputTensor, "
    "raw_output_contents 6 *bytes",
    "ModelInferResponse.InferOutputTensor": "name 1 string, datatype 2 string, shape 3 *int64, contents 5 InferTensorContents",
}
METHODS = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")
SERVICE = "inference.GRPCInferenceService"


def _built():
    file = descriptor_pb2.FileDescriptorProto(name="lathe_ov/kserve.proto", package="inference", syntax="proto3")
    made = {}
    for full, fields in _MESSAGES.items():
        outer, _, inner = full.partition(".")
        made[full] = made[outer].nested_type.add(name=inner) if inner else file.message_type.add(name=outer)
        for field in filter(None, fields.split(", ")):
            name, number, kind = field.split()
            label = _F.LABEL_REPEATED if kind.startswith("*") else _F.LABEL_OPTIONAL
            added = made[full].field.add(name=name, number=int(number), label=label)
            kind = kind.lstrip("*")
            added.type = _TYPES.get(kind, _F.TYPE_MESSAGE)
            if kind not in _TYPES:
                added.type_name = f".inference.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}")) for name in _MESSAGES}
    return found


_classes = _built()


def message(name):
    """The class of a message: `ModelInferRequest`."""
    return _classes[name]
