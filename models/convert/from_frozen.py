"""Converts a frozen graph of the TF Object Detection API (TF 1) to a SavedModel."""

import tensorflow as tf

from . import serving


def convert(sources, folder):
    """Converts the one source, `frozen_inference_graph.pb`. Its NMS and class numbers stay as they are."""
    (path,) = sources
    with open(path, "rb") as file:
        frozen = tf.compat.v1.GraphDef.FromString(file.read())
    graph = tf.Graph()
    with graph.as_default():
        encoded, pixels = serving.inputs()
        tensors = tf.graph_util.import_graph_def(
            frozen,
            input_map={"image_tensor:0": pixels},
            return_elements=[name + ":0" for name in serving.OUTPUTS],
            name="detector",
        )
        outputs = serving.detections(*tensors)
    serving.write_detector(graph, encoded, pixels, outputs, folder)
