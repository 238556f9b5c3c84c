"""Makes the `null` model: a detector's inputs and outputs, and nothing between them.

Its latency is that of protocol and wire without a model. Its answer is as large as a detector's: 100 slots, of which ten have
constant detections. Its bytes signature does not decode images.
"""

import numpy as np
import tensorflow as tf

from . import serving

SLOTS = 100
FOUND = 10


def convert(sources, folder, slots=SLOTS):
    """Writes the model. It has no sources: the answer is constant."""
    assert not sources
    graph = tf.Graph()
    with graph.as_default():
        encoded = tf.compat.v1.placeholder(tf.string, [None], name="encoded_image_string_tensor")
        pixels = tf.compat.v1.placeholder(tf.uint8, [None, None, None, 3], name="image_tensor")
        signatures = {
            "serving_default": serving.signature(pixels, constant_answer(pixels, slots, "")),
            "serving_bytes": serving.signature(encoded, constant_answer(encoded, slots, "bytes_")),
        }
    serving.write(graph, signatures, folder)


def constant_answer(source, slots, prefix):
    """The same ten detections in the first of the slots, for each of the N images of `source`."""
    steps = np.arange(slots, dtype=np.float32)[:, None] / np.float32(2 * slots)
    boxes = np.concatenate([steps, steps, steps + np.float32(0.25), steps + np.float32(0.25)], axis=1)
    found = np.arange(slots) < FOUND
    classes = found.astype(np.float32)
    scores = classes / np.float32(2)
    batch = tf.shape(source)[0]

    def repeated(array):
        return tf.tile(tf.constant(array[None]), [batch] + [1] * array.ndim)

    return serving.detections(
        repeated(boxes), repeated(scores), repeated(classes), tf.fill([batch], np.float32(FOUND)), prefix
    )
