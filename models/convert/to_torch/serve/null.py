"""The `null` model: the same constant answer as its SavedModel has (models/convert/make_null.py), whatever the images."""

import torch

SLOTS = 100
FOUND = 10


class Model:
    """Called with uint8 images [H,W,3], gives the four outputs with as many rows."""

    def __init__(self, folder):
        steps = torch.arange(SLOTS, dtype=torch.float32)[:, None] / (2 * SLOTS)
        found = (torch.arange(SLOTS) < FOUND).float()
        boxes = torch.cat([steps, steps, steps + 0.25, steps + 0.25], 1)
        self.answer = boxes, found / 2, found, torch.tensor(float(FOUND))

    def __call__(self, images):
        return [torch.stack([output] * len(images)) for output in self.answer]
