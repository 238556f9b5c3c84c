"""TorchServe's gRPC API on the stubs that its own inference.proto generates: server.py FOLDER_OF_STUBS.

It answers a request with what it has found in it, as the models of Lathe answer: JSON, lists of numbers by name.
"""

import io
import json
import os
import sys
from concurrent import futures

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
import inference_pb2  # noqa: E402
import inference_pb2_grpc  # noqa: E402
import numpy as np  # noqa: E402


class Inference(inference_pb2_grpc.InferenceAPIsServiceServicer):
    def Predictions(self, request, context):
        if request.model_name != "ssd":
            context.abort(grpc.StatusCode.INTERNAL, f"Model not found: {request.model_name}")
        ((name, body),) = request.input.items()
        found = {"name": [ord(letter) for letter in name], "version": [len(request.model_version)], "bytes": [len(body)]}
        if body.startswith(b"\x93NUMPY"):
            pixels = np.load(io.BytesIO(body), allow_pickle=False)
            assert pixels.dtype == np.uint8
            found["shape"] = list(pixels.shape)
            found["sum"] = [int(pixels.sum())]
            found["corner"] = pixels[-1, -1:, -1:, :].tolist()
        return inference_pb2.PredictionResponse(prediction=json.dumps(found, indent=2).encode())


def main():
    server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", -1)])
    inference_pb2_grpc.add_InferenceAPIsServiceServicer_to_server(Inference(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(json.dumps({"port": port}), flush=True)
    sys.stdin.readline()
    os._exit(0)


main()
