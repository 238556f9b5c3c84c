"""A server on TF Serving's official Python stubs: decodes every tensor with TensorFlow and answers it in every form.

For an input `x` it gives `x.content` (as make_tensor_proto writes the array) and `x.typed` (every element in the typed list
of its kind). The request's model_spec comes back in the answer and, as text, in the output `spec`.
"""

import json
import os
import sys
from concurrent import futures

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import grpc  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.core.framework import types_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

LISTS = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_UINT8: "int_val",
    types_pb2.DT_INT8: "int_val",
    types_pb2.DT_INT16: "int_val",
    types_pb2.DT_UINT16: "int_val",
    types_pb2.DT_UINT32: "uint32_val",
    types_pb2.DT_UINT64: "uint64_val",
    types_pb2.DT_HALF: "half_val",
    types_pb2.DT_BFLOAT16: "half_val",
    types_pb2.DT_STRING: "string_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_BOOL: "bool_val",
}


class Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def Predict(self, request, context):
        spec = request.model_spec
        if spec.name == "unknown":
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(unknown)")
        answer = predict_pb2.PredictResponse()
        answer.model_spec.CopyFrom(spec)
        seen = [spec.name, spec.signature_name, spec.WhichOneof("version_choice"), spec.version_label or spec.version.value]
        answer.outputs["spec"].CopyFrom(tf.make_tensor_proto(json.dumps(seen)))
        for name, sent in request.inputs.items():
            array = tf.make_ndarray(sent)
            answer.outputs[name + ".content"].CopyFrom(tf.make_tensor_proto(array, dtype=sent.dtype))
            typed = answer.outputs[name + ".typed"]
            typed.dtype = sent.dtype
            typed.tensor_shape.CopyFrom(sent.tensor_shape)
            flat = array.flatten()
            # Floats of 16 bits travel as their bits.
            bits = flat.view("uint16") if LISTS[sent.dtype] == "half_val" else flat
            getattr(typed, LISTS[sent.dtype]).extend(bits.tolist())
        return answer

    def GetModelMetadata(self, request, context):
        if not request.metadata_field:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "must specify at least one metadata_field")
        signatures = get_model_metadata_pb2.SignatureDefMap()
        signature = signatures.signature_def["serving_default"]
        signature.method_name = "tensorflow/serving/predict"
        image = signature.inputs["inputs"]
        image.name, image.dtype = "image:0", types_pb2.DT_UINT8
        for size in (-1, -1, -1, 3):
            image.tensor_shape.dim.add().size = size
        anything = signature.outputs["anything"]
        anything.dtype, anything.tensor_shape.unknown_rank = types_pb2.DT_FLOAT, True
        signature.outputs["scalar"].dtype = types_pb2.DT_INT64
        signatures.signature_def["__saved_model_init_op"].method_name = ""
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.model_spec.CopyFrom(request.model_spec)
        answer.metadata["signature_def"].Pack(signatures)
        return answer


class Model(model_service_pb2_grpc.ModelServiceServicer):
    def GetModelStatus(self, request, context):
        if request.model_spec.name == "unknown":
            context.abort(grpc.StatusCode.NOT_FOUND, "Could not find any versions of model unknown")
        answer = get_model_status_pb2.GetModelStatusResponse()
        answer.model_version_status.add(version=1, state="AVAILABLE")
        broken = answer.model_version_status.add(version=2**40, state="END")
        broken.status.error_code, broken.status.error_message = 8, "no memory"
        return answer


def main():
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Prediction(), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Model(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(json.dumps({"port": port}), flush=True)
    sys.stdin.readline()
    os._exit(0)


main()
