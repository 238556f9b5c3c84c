"""Asks the stand-in by the official stubs and by HTTP, and prints what came back as JSON: test/wire/tfs.test.ts judges.

usage: tfs-client.py GRPC_PORT REST_PORT IMAGE
"""

import base64
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import grpc
import numpy as np
import requests
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, model_service_pb2_grpc, get_model_status_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

GRPC_PORT, REST_PORT, IMAGE = sys.argv[1:]
channel = grpc.insecure_channel(f"127.0.0.1:{GRPC_PORT}", options=[("grpc.max_receive_message_length", -1)])
prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)
with open(IMAGE, "rb") as file:
    ENCODED = file.read()
SMALL = np.zeros((1, 48, 64, 3), np.uint8)
MODEL = "ssdlite"


def described(response):
    outputs = {
        name: {
            "shape": [dim.size for dim in proto.tensor_shape.dim],
            "floats": len(proto.float_val),
            "content": len(proto.tensor_content),
        }
        for name, proto in response.outputs.items()
    }
    spec = response.model_spec
    return {"outputs": outputs, "spec": [spec.name, spec.version.value, spec.signature_name]}


def call(method, request, describe):
    try:
        response, context = method.with_call(request, timeout=60)
        server = dict(context.trailing_metadata()).get("server")
        return {"code": "OK", "server": server, **describe(response)}
    except grpc.RpcError as error:
        return {"code": error.code().name, "text": error.details()}


def predict(inputs=None, name=MODEL, signature="", output_filter=(), version=None, label=None, describe=described):
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name, request.model_spec.signature_name = name, signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for key, value in (inputs or {}).items():
        proto = value if isinstance(value, tensor_pb2.TensorProto) else tf.make_tensor_proto(value)
        request.inputs[key].CopyFrom(proto)
    return call(prediction.Predict, request, describe)


def image(value):
    return {"inputs": value}


def grpc_probes():
    strings = np.array([b"junk"], object)
    yield "ok", predict(image(SMALL))
    yield "null", predict(image(SMALL), name="null")
    yield "null of three", predict(image(np.zeros((3, 8, 8, 3), np.uint8)), name="null")
    yield "typed field", predict(image(tensor_pb2.TensorProto(
        dtype=4, int_val=[7], tensor_shape=tf.TensorShape([1, 8, 8, 3]).as_proto())), name="null")
    yield "filter", predict(image(SMALL), output_filter=["num_detections"])
    yield "filter unknown", predict(image(SMALL), output_filter=["foo"])
    yield "filter twice", predict(image(SMALL), output_filter=["num_detections"] * 2)
    yield "no model", predict(image(SMALL), name="zz")
    yield "empty name", predict(image(SMALL), name="")
    yield "unknown signature", predict(image(SMALL), signature="foo")
    yield "unknown version", predict(image(SMALL), version=9)
    yield "label", predict(image(SMALL), label="stable")
    yield "unknown label", predict(image(SMALL), label="canary")
    yield "other input", predict({"x": SMALL})
    yield "no input", predict({})
    yield "extra input", predict({"inputs": SMALL, "y": SMALL})
    yield "float", predict(image(SMALL.astype(np.float32)))
    yield "three dimensions", predict(image(SMALL[0]))
    yield "junk as an image", predict(image(strings), signature="serving_bytes")
    broken = tf.make_tensor_proto(SMALL)
    broken.tensor_content = broken.tensor_content[:-1]
    yield "content too short", predict(image(broken))
    yield "5 MB", predict(image(np.zeros((1, 1280, 1280, 3), np.uint8)), name="null")
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    yield "metadata without a model", call(prediction.GetModelMetadata, request, str)
    request.model_spec.name = MODEL
    yield "metadata without a field", call(prediction.GetModelMetadata, request, str)
    request.metadata_field.append("signature_def")
    yield "metadata", call(prediction.GetModelMetadata, request, signatures)
    status = get_model_status_pb2.GetModelStatusRequest()
    yield "status without a model", call(models.GetModelStatus, status, str)
    status.model_spec.name = MODEL
    yield "status", call(models.GetModelStatus, status, lambda r: {"states": [[v.version, v.state] for v in r.model_version_status]})


def signatures(response):
    found = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(found)
    return {"signatures": {n: sorted(s.outputs) for n, s in found.signature_def.items()}}


def http(path, body=None, raw=None, method=None):
    data = raw if raw is not None else None if body is None else json.dumps(body)
    method = method or ("GET" if data is None else "POST")
    answer = requests.request(method, f"http://127.0.0.1:{REST_PORT}{path}", data=data, timeout=60)
    try:
        value = answer.json()
    except ValueError:
        value = answer.text
    if isinstance(value, dict) and ("predictions" in value or "outputs" in value):
        value = shape_of(value)
    return {"status": answer.status_code, "type": answer.headers["Content-Type"], "server": answer.headers["Server"], "body": value}


def shape_of(value):
    """Answers' structure: lists as their shapes."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [shape_of(item) for item in value]
    return list(np.shape(value))


def rest_probes():
    rows, b64 = SMALL.tolist(), {"b64": base64.b64encode(ENCODED).decode()}
    path = f"/v1/models/{MODEL}"
    post = f"{path}:predict"
    yield "status", http(path)
    yield "status of a version", http(f"{path}/versions/1")
    yield "status of an unknown version", http(f"{path}/versions/7")
    yield "status with any label", http(f"{path}/labels/whatever")
    yield "no name", http("/v1/models")
    yield "other path", http("/v1/foo")
    yield "not the API", http("/other")
    yield "metadata", http(f"{path}/metadata")
    yield "rows", http(post, {"instances": rows})
    yield "rows by name", http(post, {"instances": [{"inputs": rows[0]}]})
    yield "columns", http(f"{path}/versions/1:predict", {"inputs": rows})
    yield "columns by name and label", http(f"{path}/labels/stable:predict", {"inputs": {"inputs": rows}})
    yield "base64 rows", http(post, {"signature_name": "serving_bytes", "instances": [b64]})
    yield "base64 columns", http(post, {"signature_name": "serving_bytes", "inputs": [b64]})
    yield "unknown signature", http(post, {"signature_name": "foo", "instances": rows})
    yield "signature 3", http(post, {"signature_name": 3, "instances": [1]})
    yield "both forms", http(post, {"inputs": 1, "instances": [1]})
    yield "neither form", http(post, {})
    yield "no list", http(post, {"instances": 3})
    yield "empty list", http(post, {"instances": []})
    yield "floats", http(post, {"instances": [[[[1.5, 2, 3]]]]})
    yield "whole floats", http(post, {"instances": [[[[1.0, 2, 3]]]]})
    yield "truth values", http(post, {"instances": [[[[True, 2, 3]]]]})
    yield "strings", http(post, {"instances": ["x"]})
    yield "ragged", http(post, {"instances": [[[[1, 2, 3], [1, 2]]]]})
    yield "base64 for pixels", http(post, {"instances": [{"b64": "aGk="}]})
    yield "other name", http(post, {"instances": [{"foo": 1}]})
    yield "no model", http("/v1/models/zz:predict", {"instances": rows})
    yield "unknown label", http(f"{path}/labels/canary:predict", {"instances": rows})
    yield "empty body", http(post, raw=b"")
    yield "garbage", http(post, raw=b"instances=1")
    yield "GET predict", http(post)
    yield "PUT", http(path, method="PUT")
    yield "classify", http(f"{path}:classify", {"instances": rows})
    chunks = requests.post(f"http://127.0.0.1:{REST_PORT}{post}", data=iter([b'{"inputs": ', json.dumps(rows).encode(), b"}"]), timeout=60)
    yield "chunked", {"status": chunks.status_code}
    yield "metrics", {"text": requests.get(f"http://127.0.0.1:{REST_PORT}/monitoring/prometheus/metrics", timeout=60).text}


def agreement():
    """The largest difference between the answers of the protocols to the same pixels, and to the same file."""
    from PIL import Image

    pixels = np.asarray(Image.open(IMAGE).convert("RGB"))[None]
    scores = lambda r: {"values": list(r.outputs["detection_scores"].float_val)}
    by_grpc = predict(image(pixels), describe=scores)["values"]
    post = lambda body: requests.post(f"http://127.0.0.1:{REST_PORT}/v1/models/{MODEL}:predict", json=body, timeout=60).json()
    by_rest = post({"instances": pixels.tolist()})["predictions"][0]["detection_scores"]
    file_grpc = predict(image(np.array([ENCODED], object)), signature="serving_bytes", describe=scores)["values"]
    b64 = {"b64": base64.b64encode(ENCODED).decode()}
    file_rest = post({"signature_name": "serving_bytes", "inputs": [b64]})["outputs"]["detection_scores"][0]
    worst = lambda a, b: float(np.abs(np.float32(a) - np.float32(b)).max())
    return {"best": max(by_grpc), "pixels": worst(by_grpc, by_rest), "file": worst(file_grpc, file_rest)}


print(json.dumps({"grpc": dict(grpc_probes()), "rest": dict(rest_probes()), "agreement": agreement()}))
