"""What TensorFlow itself answers, in float32, as JSON: reference.py SAVED_MODEL HEIGHT WIDTH PIXELS FILE."""

import json
import sys

import numpy as np
import tensorflow as tf

folder, height, width, pixels, file = sys.argv[1:]
signatures = tf.saved_model.load(folder).signatures


def answer(signature, inputs):
    outputs = signatures[signature](inputs=tf.constant(inputs))
    return {name: {"shape": list(t.shape), "values": t.numpy().ravel().tolist()} for name, t in outputs.items()}


with open(file, "rb") as encoded:
    by_file = answer("serving_bytes", [encoded.read()])
by_pixels = answer("serving_default", np.fromfile(pixels, np.uint8).reshape(1, int(height), int(width), 3))
json.dump({"pixels": by_pixels, "file": by_file}, sys.stdout)
