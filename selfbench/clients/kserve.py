"""NVIDIA's Python client in `npm run bench:clients`: `python kserve.py PROTOCOL PORT FOLDER`, PROTOCOL `grpc` or `http`.

At each call: an InferInput of the image, the call, and the largest output as an array. Each line on stdin,
{"calls": N, "seconds": S}, is answered with the latencies of that many calls, or of as many more as fill that time.
"""

import json
import os
import sys
import time

import numpy as np


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
    print(json.dumps({"ready": True}), flush=True)
    clock = time.perf_counter
    for line in sys.stdin:
        asked = json.loads(line)
        latencies = []
        until = clock() + asked["seconds"]
        while len(latencies) < asked["calls"] or clock() < until:
            start = clock()
            call()
            latencies.append((clock() - start) * 1e3)
        print(json.dumps({"latenciesMs": latencies}), flush=True)
    os._exit(0)


main()
