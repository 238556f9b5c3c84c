"""An SSD of the TF Object Detection API in PyTorch: its trained weights, TensorFlow's padding and resize, its thresholds."""

import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.ops import nms

# The network's own input, and how its heads code boxes: as the configurations of the TF Object Detection API have it.
SIZE = 300
CENTRE_SCALE, SIZE_SCALE = 10.0, 5.0
CLASSES = 90
LIMIT = 100


class Model:
    """Called with uint8 images [H,W,3], gives boxes, scores, classes and their number for each."""

    def __init__(self, folder):
        with open(os.path.join(folder, "network.json")) as file:
            plan = json.load(file)
        self.iou, self.score = plan["iou"], plan["score"]
        arrays = {name: torch.from_numpy(a) for name, a in np.load(os.path.join(folder, "weights.npz")).items()}
        anchors = arrays["anchors"]
        self.centres, self.sizes = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
        example = torch.zeros(1, 3, SIZE, SIZE)
        # Frozen, it takes half the time.
        self.network = torch.jit.freeze(torch.jit.trace(Network(plan, arrays).eval(), example))

    @torch.inference_mode()
    def __call__(self, images):
        raw, logits = self.network(torch.stack([prepared(image) for image in images]))
        # The first class is the background.
        scores = logits.sigmoid()[..., 1:]
        boxes = self.decoded(raw)
        found = [self.best(boxes[i], scores[i]) for i in range(len(images))]
        return [torch.stack(output) for output in zip(*found)]

    def decoded(self, raw):
        """Boxes as parts of the image (ymin, xmin, ymax, xmax), from what the head says relative to its anchors."""
        centres = raw[..., :2] / CENTRE_SCALE * self.sizes + self.centres
        half = (raw[..., 2:] / SIZE_SCALE).exp() * self.sizes / 2
        return torch.cat([centres - half, centres + half], -1).clamp(0, 1)

    def best(self, boxes, scores):
        """Non-maximum suppression in each class; the best of all classes, in slots of which those without a box are empty."""
        above = (scores > self.score).nonzero()
        box, kind = boxes[above[:, 0]], above[:, 1]
        score = scores[above[:, 0], kind]
        # Boxes of different classes are moved apart, so that one call is for all; in float64 that moves no result.
        kept = nms(box.double() + 2.0 * kind[:, None], score.double(), self.iou)[:LIMIT]
        empty = (0, LIMIT - len(kept))
        return (
            F.pad(box[kept], (0, 0, *empty)),
            F.pad(score[kept], empty),
            F.pad(kind[kept].float(), empty) + 1,
            torch.tensor(float(len(kept))),
        )


class Network(torch.nn.Module):
    """The steps of `network.json`: a preprocessed batch in, raw boxes [N,A,4] and class logits [N,A,91] out."""

    def __init__(self, plan, arrays):
        super().__init__()
        self.heads = plan["boxes"], plan["classes"]
        self.steps = plan["steps"]
        sizes = [SIZE]
        for number, step in enumerate(self.steps, 1):
            size = sizes[step["in"]]
            if step["op"] == "convolution":
                weights = arrays[f"weights{number}"]
                self.register_buffer(f"weights{number}", weights)
                self.register_buffer(f"bias{number}", arrays[f"bias{number}"])
                # As TensorFlow pads to the same size: what is odd goes to the right and below.
                after = -(-size // step["stride"])
                pad = max((after - 1) * step["stride"] + weights.shape[-1] - size, 0)
                step["pad"] = pad // 2, pad - pad // 2
                size = after
            sizes.append(size)

    def forward(self, batch):
        values = [batch]
        for number, step in enumerate(self.steps, 1):
            value = values[step["in"]]
            if step["op"] == "convolution":
                value = self.convolved(value, number, step)
            elif step["op"] == "relu6":
                value = F.relu6(value)
            else:
                value = value + values[step["with"]]
            values.append(value)
        return [self.joined(values, head, last) for head, last in zip(self.heads, (4, CLASSES + 1))]

    def convolved(self, value, number, step):
        weights, bias = getattr(self, f"weights{number}"), getattr(self, f"bias{number}")
        low, high = step["pad"]
        if low != high:
            value, low = F.pad(value, (low, high, low, high)), 0
        return F.conv2d(value, weights, bias, step["stride"], low, 1, step["groups"])

    def joined(self, values, head, last):
        parts = [values[i].permute(0, 2, 3, 1) for i in head]
        return torch.cat([part.reshape(part.shape[0], -1, last) for part in parts], 1)


def prepared(image):
    """An image [H,W,3] as the network takes it: float32 [3,SIZE,SIZE] between -1 and 1, resized as TensorFlow 1 did (without half pixels)."""
    y0, y1, fy = neighbours(image.shape[0])
    x0, x1, fx = neighbours(image.shape[1])
    fy, fx = fy[:, None, None], fx[None, :, None]
    pixels = torch.from_numpy(image)
    above, below = pixels[y0].float(), pixels[y1].float()
    above = above[:, x0] + (above[:, x1] - above[:, x0]) * fx
    below = below[:, x0] + (below[:, x1] - below[:, x0]) * fx
    return ((above + (below - above) * fy) * (2 / 255) - 1).permute(2, 0, 1)


def neighbours(length):
    """For each of SIZE places along an axis the pixels at either side, and how far it is from the first."""
    at = torch.arange(SIZE, dtype=torch.float32) * (length / SIZE)
    low = at.long()
    return low, (low + 1).clamp(max=length - 1), at - low
