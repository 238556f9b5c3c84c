"""TorchServe's handler for the models of Lathe.

A request is a file of an image (JPEG, PNG), or pixels: uint8 [N,H,W,3] as a file of NumPy (.npy), or as nested lists in JSON
({"inputs": ...}). The answer is JSON: the four outputs of the TF Object Detection API by name, one row for each image.
"""

import io
import json
import os

import numpy as np
import torch
from lathe_model import Model
from PIL import Image

OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
NPY = b"\x93NUMPY"
# Calls that a worker makes before it says that it is ready: the first ones compile the network.
WARM_UP = 3


class Handler:
    """What TorchServe looks for: `initialize` at a worker's start, `handle` for each batch of requests."""

    def __init__(self):
        self.model = None

    def initialize(self, context):
        torch.set_num_threads(int(os.environ.get("TORCH_NUM_THREADS", "1")))
        self.model = Model(context.system_properties["model_dir"])
        for _ in range(WARM_UP):
            self.model([np.zeros((64, 64, 3), np.uint8)])

    def handle(self, requests, context):
        """Runs the images of all requests at once. What is no image is refused by its own status, beside the others' answers."""
        read = [self.read(request, i, context) for i, request in enumerate(requests)]
        images = [image for batch in read if batch is not None for image in batch]
        outputs = self.model(images) if images else []
        answers, at = [], 0
        for batch in read:
            if batch is None:
                answers.append("")
                continue
            rows = [output[at : at + len(batch)].tolist() for output in outputs]
            answers.append(json.dumps(dict(zip(OUTPUTS, rows)), separators=(",", ":")).encode())
            at += len(batch)
        return answers

    def read(self, request, index, context):
        """A request's images, or None where it is refused."""
        try:
            return images_of(next(iter(request.values()), b""))
        except Exception as error:
            words = str(error).splitlines() or [type(error).__name__]
            context.set_response_status(400, f"the request holds no image: {words[0][:200]}", index)
            return None


def images_of(body):
    """The images of a request's body, each uint8 [H,W,3]."""
    if isinstance(body, (bytes, bytearray)):
        if not body.startswith(NPY):
            return [np.array(Image.open(io.BytesIO(body)).convert("RGB"))]
        pixels = np.load(io.BytesIO(body), allow_pickle=False)
    else:
        pixels = np.array(body["inputs"] if isinstance(body, dict) else body, np.uint8)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.size == 0:
        raise ValueError(f"{pixels.dtype} {list(pixels.shape)} is not uint8 [N,H,W,3]")
    return list(pixels)
