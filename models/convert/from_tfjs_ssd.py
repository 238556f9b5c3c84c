"""Converts a TensorFlow.js export of an SSD, which lacks the last step (NMS), to a SavedModel, and adds NMS to the graph."""

import base64
import json

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.framework import graph_pb2

from . import serving

# From the SSD configurations of the TF Object Detection API.
IOU_THRESHOLD = 0.6
SCORE_THRESHOLD = 1e-8
MAX_DETECTIONS = 100

# The export's raw boxes [N,anchors,1,4] and per-class scores [N,anchors,90].
RAW = ("Postprocessor/ExpandDims_1:0", "Postprocessor/Slice:0")


def convert(sources, folder):
    """Converts the sources: `model.json`, then its weight files in the order of its manifest."""
    exported = read_export(sources)
    graph = tf.Graph()
    with graph.as_default():
        encoded, pixels = serving.inputs()
        boxes, scores = tf.graph_util.import_graph_def(
            exported, input_map={"image_tensor:0": pixels}, return_elements=list(RAW), name="ssd"
        )
        kept, kept_scores, kept_classes, count = tf.image.combined_non_max_suppression(
            boxes,
            scores,
            max_output_size_per_class=MAX_DETECTIONS,
            max_total_size=MAX_DETECTIONS,
            iou_threshold=IOU_THRESHOLD,
            score_threshold=SCORE_THRESHOLD,
            clip_boxes=True,
        )
        # The export dropped the background column: one more makes COCO's numbers, 1 to 90.
        outputs = serving.detections(kept, kept_scores, kept_classes + 1.0, tf.cast(count, tf.float32))
    serving.write_detector(graph, encoded, pixels, outputs, folder)


def read_export(sources):
    """The GraphDef of an export, with its weights in the constants."""
    model = json.loads(_read(sources[0]))
    nodes = model["modelTopology"]["node"]
    for node in nodes:
        for attribute in node.get("attr", {}).values():
            _repair_bytes(attribute)
    graph = json_format.ParseDict({"node": nodes}, graph_pb2.GraphDef())
    weights = _read_weights(model["weightsManifest"], sources[1:])
    for node in graph.node:
        if node.op == "Const":
            value = weights[node.name]
            tensor = tf.make_tensor_proto(value, dtype=node.attr["dtype"].type, shape=value.shape)
            node.attr["value"].tensor.CopyFrom(tensor)
    return graph


def _repair_bytes(attribute):
    """Replaces lists of numbers, as old exporters wrote byte attributes, by base64, as protobuf's JSON has them."""

    def text(value):
        return base64.b64encode(bytes(value)).decode() if isinstance(value, list) else value

    if "s" in attribute:
        attribute["s"] = text(attribute["s"])
    if "s" in attribute.get("list", {}):
        attribute["list"]["s"] = [text(value) for value in attribute["list"]["s"]]


def _read_weights(manifest, files):
    """Arrays by name; quantised ones become float again."""
    names = [name for group in manifest for name in group["paths"]]
    if len(names) != len(files):
        raise SystemExit(f"model.json names {len(names)} weight files ({', '.join(names)}), {len(files)} were given")
    by_name = dict(zip(names, files))
    weights = {}
    for group in manifest:
        blob = b"".join(_read(by_name[name]) for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            quantized = entry.get("quantization")
            stored = np.dtype(quantized["dtype"] if quantized else entry["dtype"])
            count = int(np.prod(entry["shape"])) if entry["shape"] else 1
            array = np.frombuffer(blob, stored, count, offset).reshape(entry["shape"])
            offset += count * stored.itemsize
            if quantized:
                array = array.astype(np.float32) * np.float32(quantized["scale"]) + np.float32(quantized["min"])
            weights[entry["name"]] = array.astype(entry["dtype"])
        if offset != len(blob):
            raise SystemExit(f"{group['paths']}: {len(blob)} bytes, the manifest describes {offset}")
    return weights


def _read(path):
    with open(path, "rb") as file:
        return file.read()
