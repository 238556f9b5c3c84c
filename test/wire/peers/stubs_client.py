"""TF Serving's official Python client against a server on our protos: sends arrays of every type and shape form, in the
form make_tensor_proto chooses and in typed lists, and checks that the same arrays come back. Prints what it checked."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import grpc  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

LISTS = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "uint8": "int_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "object": "string_val",
}


def arrays():
    random = np.random.default_rng(7)
    for shape in [(), (0,), (1,), (3,), (2, 0, 3), (1, 7, 5, 3)]:
        yield random.integers(0, 256, shape).astype(np.uint8)
        yield random.integers(-(2**31), 2**31, shape).astype(np.int32)
        yield random.integers(-(2**63), 2**63 - 1, shape).astype(np.int64)
        yield random.normal(size=shape).astype(np.float32)
        yield random.normal(size=shape)
        yield (random.integers(0, 2, shape) == 1).astype(bool)
        yield np.array(random.integers(0, 99, shape).astype(str).astype(bytes), dtype=object)
    yield np.array([np.nan, np.inf, -np.inf, -0.0], dtype=np.float32)
    yield np.full((2, 2), 5, dtype=np.float32)
    yield random.integers(0, 256, (1, 480, 640, 3)).astype(np.uint8)


def typed(array):
    proto = tf.make_tensor_proto(array)
    out = type(proto)(dtype=proto.dtype, tensor_shape=proto.tensor_shape)
    getattr(out, LISTS[str(array.dtype)]).extend(array.flatten().tolist())
    return out


def main():
    channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1], options=[("grpc.max_receive_message_length", -1)])
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    checked = 0
    for array in arrays():
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "m"
        request.model_spec.version.value = 2**40
        request.inputs["made"].CopyFrom(tf.make_tensor_proto(array))
        request.inputs["typed"].CopyFrom(typed(array))
        answer = stub.Predict(request)
        assert answer.model_spec.version.value == 2**40 and answer.model_spec.name == "m", answer.model_spec
        for name in ("made", "typed"):
            back = tf.make_ndarray(answer.outputs[name])
            assert back.dtype == array.dtype and back.shape == array.shape, (name, back.dtype, back.shape, array.dtype)
            np.testing.assert_array_equal(back, array)
            checked += 1
    request = predict_pb2.PredictRequest(output_filter=["a", "b"])
    request.model_spec.version_label = "stable"
    assert stub.Predict(request).model_spec.version_label == "stable"
    metadata = stub.GetModelMetadata(get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]))
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert metadata.metadata["signature_def"].Unpack(signatures)
    image = signatures.signature_def["serving_default"].inputs["inputs"]
    assert [d.size for d in image.tensor_shape.dim] == [-1, 3] and image.dtype == 4, image
    status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(get_model_status_pb2.GetModelStatusRequest())
    version = status.model_version_status[0]
    assert (version.version, version.state, version.status.error_message) == (3, 30, "fine"), version
    print(json.dumps({"checked": checked}))


main()
