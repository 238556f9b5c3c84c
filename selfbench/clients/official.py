"""The Python clients of `npm run bench:clients`, each in a process of its own: `python official.py MODE PORT FOLDER`.

MODE `official`: each call uses TensorFlow's make_tensor_proto and the official stub.
MODE `bytes`: grpcio alone; the request's bytes are made beforehand, the answer's bytes are not read.
For each line on stdin, {"calls": N, "seconds": S}, it makes at least N calls for at least S seconds, checks every answer, and
prints their latencies.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import grpc  # noqa: E402
from turns import serve  # noqa: E402

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def channel_to(port):
    return grpc.insecure_channel("127.0.0.1:" + port, options=[("grpc.max_receive_message_length", -1)])


def bytes_call(port, folder):
    request = read(os.path.join(folder, "request.bin"))
    answer_bytes = len(read(os.path.join(folder, "answer.bin")))
    predict = channel_to(port).unary_unary(PREDICT)

    def call():
        assert len(predict(request)) == answer_bytes

    return call


def official_call(port, folder):
    import numpy as np
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    # Each call allocates and frees several blocks of a megabyte. In some processes, but not in all, glibc gives them back to the
    # kernel each time and fetches them again page by page: so the benchmark starts a new process for each round.
    image = np.load(os.path.join(folder, "image.npy"))
    answer_bytes = len(read(os.path.join(folder, "answer.bin")))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel_to(port))

    def call():
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "ssd-mobilenet"
        request.model_spec.signature_name = "serving_default"
        request.inputs["inputs"].CopyFrom(tf.make_tensor_proto(image))
        answer = stub.Predict(request)
        assert len(answer.outputs["detection_boxes"].float_val) == 2000
        return answer

    assert call().ByteSize() == answer_bytes
    return call


def main():
    mode, port, folder = sys.argv[1:]
    call = {"official": official_call, "bytes": bytes_call}[mode](port, folder)
    serve(call)


main()
