"""NVIDIA's Python client in `npm run bench:clients`: `python kserve.py PROTOCOL PORT FOLDER`, PROTOCOL `grpc` or `http`.

At each call: an InferInput of the image, the call, and the largest output as an array. Each line on stdin,
{"calls": N, "seconds": S}, is answered with the latencies of that many calls, or of as many more as fill that time.
"""

import os
import sys

import numpy as np
from turns import serve


def main():
    protocol, port, folder = sys.argv[1:]
    if protocol == "grpc":
        import tritonclient.grpc as client
    else:
        import tritonclient.http as client
    image = np.load(os.path.join(folder, "image.npy"))
    server = client.InferenceServerClient("127.0.0.1:" + port)

    def call():
        sent = client.InferInput("inputs", image.shape, "UINT8")
        sent.set_data_from_numpy(image)
        boxes = server.infer("ssd-mobilenet", [sent]).as_numpy("detection_boxes")
        assert boxes.size == 2000

    call()
    serve(call)


main()
