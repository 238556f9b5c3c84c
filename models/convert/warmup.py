"""Warm-up requests, one for each signature. TF Serving sends them to a model when it loads a version.

The first call of a graph takes seconds (optimisation, memory, kernel caches). So loading takes that time, not a user's call.
"""

import io
import os

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

WIDTH, HEIGHT = 640, 480


def picture():
    """An image of a photograph's size that has no licence: slanted stripes, the same each time."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 255 // WIDTH, y * 255 // HEIGHT, (x + y) // 8 * 8 % 256], axis=-1).astype(np.uint8)


def write(folder, model):
    """Writes `assets.extra/tf_serving_warmup_requests` below the version's folder."""
    pixels = picture()
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG", compress_level=0)  # not compressed: the SHA-256 must not depend on a compressor
    target = os.path.join(folder, "assets.extra")
    os.makedirs(target, exist_ok=True)
    with tf.io.TFRecordWriter(os.path.join(target, "tf_serving_warmup_requests")) as writer:
        for signature, value in (("serving_default", pixels[None]), ("serving_bytes", [encoded.getvalue()])):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model
            request.model_spec.signature_name = signature
            request.inputs["inputs"].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString(deterministic=True))
