"""A model server of the tests' own: REST alone, raw pixels in, JSON out. Nothing but Python's standard library.

GET /models/NAME tells whether a model is served, and in which version. POST /models/NAME takes width, height and a zero,
each in four bytes (big-endian), then the pixels, three bytes each, and answers {"outputs": {"detections": [[...]]}}.
"""

import argparse
import json
import os
import pathlib
import signal
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADER = struct.Struct(">III")


def load(folder):
    """The highest version of each model: its number and what its file weighs, or why it cannot be served."""
    models = {}
    for path in sorted(pathlib.Path(folder).iterdir()):
        versions = sorted((p for p in path.glob("[0-9]*") if p.is_dir()), key=lambda p: int(p.name))
        if not versions:
            continue
        graph = versions[-1] / "saved_model.pb"
        size = graph.stat().st_size if graph.is_file() else 0
        fault = None if size > 0 else "saved_model.pb is empty"
        models[path.name] = {"version": int(versions[-1].name), "bytes": size, "error": fault}
    return models


def detections(model, width, height, pixels):
    """One row: the mean of the first 300 bytes, the image's size, and what the model weighs."""
    first = pixels[:300]
    return [[sum(first) / max(1, len(first)), width, height, model["bytes"]]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body of an answer go to the kernel together.
    wbufsize = 1 << 16

    def do_GET(self):
        name, model = self.model()
        if model is None:
            return self.answer(404, {"error": f"no model {name}"})
        if model["error"] is not None:
            return self.answer(500, {"error": model["error"]})
        return self.answer(200, {"version": model["version"]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        name, model = self.model()
        if model is None or model["error"] is not None:
            return self.answer(404, {"error": f"no model {name} is served"})
        if len(body) < HEADER.size:
            return self.answer(400, {"error": f"{len(body)} bytes are no image"})
        width, height, _ = HEADER.unpack_from(body)
        pixels = memoryview(body)[HEADER.size :]
        if len(pixels) != width * height * 3:
            return self.answer(400, {"error": f"{len(pixels)} bytes are not {width} x {height} pixels"})
        with self.server.workers:
            time.sleep(self.server.delay)
            outputs = {"detections": detections(model, width, height, pixels)}
        return self.answer(200, {"outputs": outputs})

    def model(self):
        name = self.path.removeprefix("/models/")
        return name, self.server.models.get(name)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models", required=True)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("0.0.0.0", options.port), Handler)
    server.models = load(options.models)
    server.workers = threading.Semaphore(int(os.environ.get("PLAIN_WORKERS", "1")))
    server.delay = int(os.environ.get("PLAIN_DELAY_MS", "0")) / 1000
    # The first process of a container ends by no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"plain: port {server.server_address[1]}, models {json.dumps(server.models)}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
