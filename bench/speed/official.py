"""The Python clients of `npm run bench:clients`, one a process: `python official.py MODE PORT FOLDER`.

MODE `official`: TensorFlow's make_tensor_proto and the official stub, at every call.
MODE `bytes`: grpcio alone, the request's bytes made beforehand, the answer's bytes not read.
Each line on stdin, {"calls": N}, is answered with that many calls' latencies. Every answer is checked.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import grpc  # noqa: E402

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def bytes_call(channel, folder):
    request = read(os.path.join(folder, "request.bin"))
    answer_bytes = len(read(os.path.join(folder, "answer.bin")))
    predict = channel.unary_unary(PREDICT)

    def call():
        assert len(predict(request)) == answer_bytes

    return call


def official_call(channel, folder):
    import numpy as np
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    # As a user's script would have it: an array, and no message made before the first call. (The allocator remembers
    # large blocks that were freed, and this client's time depends on that.)
    image = np.load(os.path.join(folder, "image.npy"))
    answer_bytes = len(read(os.path.join(folder, "answer.bin")))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

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
    channel = grpc.insecure_channel("127.0.0.1:" + port, options=[("grpc.max_receive_message_length", -1)])
    call = {"official": official_call, "bytes": bytes_call}[mode](channel, folder)
    print(json.dumps({"ready": True}), flush=True)
    clock = time.perf_counter
    for line in sys.stdin:
        latencies = []
        for _ in range(json.loads(line)["calls"]):
            start = clock()
            call()
            latencies.append((clock() - start) * 1e3)
        print(json.dumps({"latenciesMs": latencies}), flush=True)
    os._exit(0)


main()
