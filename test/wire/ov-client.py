"""Asks the stand-in for OpenVINO Model Server by the official stubs of TF Serving's API: ov-client.py PORT."""

import json
import sys

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}")
predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)


def predict(label=""):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "null"
    if label:
        request.model_spec.version_label = label
    request.inputs["inputs"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 8, 8, 3), np.uint8)))
    return predictions.Predict(request, timeout=20)


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


answer = predict()
boxes = answer.outputs["detection_boxes"]
spec = answer.model_spec
status = get_model_status_pb2.GetModelStatusRequest()
status.model_spec.name = "null"
states = models.GetModelStatus(status, timeout=20).model_version_status
state_names = get_model_status_pb2.ModelVersionStatus.State
result = {
    "outputs": sorted(answer.outputs),
    "content": len(boxes.tensor_content),
    "typed": len(boxes.float_val),
    "shape": list(tf.make_ndarray(boxes).shape),
    "spec": [spec.name, spec.version.value, spec.signature_name],
    "states": [[state.version, state_names.Name(state.state)] for state in states],
    "reload": code_of(lambda: models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest(), timeout=20)),
    # The real server reads over labels.
    "label": code_of(lambda: predict("stable")),
}
print(json.dumps(result))
