"""The trained network of an SSD of the TF Object Detection API as a list of convolutions, with batch norm folded into them.

`network.json` has the steps in order, `weights.npz` their arrays. A value is named by its number: 0 is the preprocessed image,
N what step N gives.
"""

import json
import re

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import tensor_util

# Where from_frozen.py puts the frozen graph, and what of it is taken: from the preprocessed image to both heads.
DETECTOR = "detector/"
IMAGE = DETECTOR + "Preprocessor/sub"
BOXES, CLASSES = DETECTOR + "concat", DETECTOR + "concat_1"
ANCHORS = DETECTOR + "Concatenate/concat:0"
NMS = DETECTOR + "Postprocessor/BatchMultiClassNonMaxSuppression/"

# Arithmetic of constants: IEEE operations alone, whose float32 results are the same on every processor.
ARITHMETIC = {
    "Add": np.add,
    "Identity": lambda a: a,
    "Mul": np.multiply,
    "Rsqrt": lambda a: np.float32(1) / np.sqrt(a),
    "Sub": np.subtract,
}


def write(saved_model, folder):
    """Reads the SavedModel folder; writes `network.json` and `weights.npz` into `folder`."""
    with open(f"{saved_model}/saved_model.pb", "rb") as file:
        graph = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs[0].graph_def
    network = Network(graph)
    plan = {
        "boxes": network.head(BOXES),
        "classes": network.head(CLASSES),
        "iou": network.threshold(r"/iou_threshold$"),
        "score": network.threshold(r"/FilterGreaterThan(_\d+)?/Greater/y$"),
    }
    arrays = {"anchors": anchors(graph)}
    for number, step in enumerate(network.steps, 1):
        for name in ("weights", "bias"):
            if name in step:
                arrays[f"{name}{number}"] = np.ascontiguousarray(step.pop(name), np.float32)
    plan["steps"] = network.steps
    with open(folder / "network.json", "w") as file:
        json.dump(plan, file, indent=1)
    np.savez(folder / "weights.npz", **arrays)


def anchors(graph):
    """The boxes that the heads' answers are relative to, float32 [A,4]: they depend on the network's input size alone."""
    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(graph, name="")
        with tf.compat.v1.Session(graph=whole) as session:
            return session.run(ANCHORS, {"image_tensor:0": np.zeros((1, 8, 8, 3), np.uint8)})


class Network:
    """Walks the graph from its heads back to the image, and lists the steps on the way in their order."""

    def __init__(self, graph):
        self.nodes = {node.name: node for node in graph.node}
        self.steps = []
        self.values = {IMAGE: 0}

    def head(self, name):
        """The values that a head's `concat` puts together."""
        return [self.value(source) for source in self.node(name).input[:-1]]

    def threshold(self, pattern):
        """The one value of the constants whose names fit, in the non-maximum suppression of all classes."""
        found = {
            float(tensor_util.MakeNdarray(node.attr["value"].tensor))
            for node in self.nodes.values()
            if node.op == "Const" and node.name.startswith(NMS) and re.search(pattern, node.name)
        }
        if len(found) != 1:
            raise SystemExit(f"{NMS}…{pattern}: the graph has the values {sorted(found)}, and one was expected")
        return found.pop()

    def node(self, name):
        return self.nodes[name.split(":")[0]]

    def value(self, name):
        """The number of a tensor's value; its steps are added where they are not there yet."""
        node = self.node(name)
        if node.name not in self.values:
            self.values[node.name] = self.made(node)
        return self.values[node.name]

    def made(self, node):
        if node.op in ("Identity", "Reshape"):
            return self.value(node.input[0])
        if node.op in ("Conv2D", "DepthwiseConv2dNative"):
            return self.convolution(node)
        if node.op == "Relu6":
            return self.step({"op": "relu6", "in": self.value(node.input[0])})
        if node.op in ("Add", "BiasAdd", "Mul", "Sub"):
            return self.arithmetic(node)
        raise SystemExit(f"{node.name}: no step is known for {node.op}")

    def step(self, step):
        self.steps.append(step)
        return len(self.steps)

    def convolution(self, node):
        if node.attr["padding"].s != b"SAME" or set(node.attr["dilations"].list.i) - {1}:
            raise SystemExit(f"{node.name}: a convolution without dilation, padded to the SAME size, was expected")
        weights = self.constant(node.input[1])
        depthwise = node.op != "Conv2D"
        # TensorFlow has height, width, inputs, outputs; PyTorch outputs, inputs of a group, height, width.
        if depthwise:
            weights = weights.transpose(2, 3, 0, 1).reshape(-1, 1, *weights.shape[:2])
        else:
            weights = weights.transpose(3, 2, 0, 1)
        return self.step(
            {
                "op": "convolution",
                "in": self.value(node.input[0]),
                "stride": node.attr["strides"].list.i[1],
                "groups": len(weights) if depthwise else 1,
                "weights": weights,
                "bias": np.zeros(len(weights), np.float32),
            }
        )

    def arithmetic(self, node):
        """A sum of two values is a step; a constant goes into the convolution before it."""
        constants = [self.constant(name) for name in node.input]
        if constants[0] is None and constants[1] is None and node.op == "Add":
            return self.step({"op": "add", "in": self.value(node.input[0]), "with": self.value(node.input[1])})
        at = 0 if constants[0] is not None else 1
        number = self.value(node.input[1 - at])
        before = self.steps[number - 1] if number > 0 else {}
        if before.get("op") != "convolution" or constants[at] is None or (node.op == "Sub" and at == 0):
            raise SystemExit(f"{node.name}: {node.op} follows no convolution")
        constant = constants[at]
        if node.op == "Mul":
            before["weights"] = before["weights"] * constant.reshape(-1, 1, 1, 1)
            before["bias"] = before["bias"] * constant
        else:
            before["bias"] = before["bias"] - constant if node.op == "Sub" else before["bias"] + constant
        return number

    def constant(self, name):
        """The value of a branch without the image; None where the image is in it."""
        node = self.node(name)
        if node.op == "Const":
            return tensor_util.MakeNdarray(node.attr["value"].tensor)
        if node.op not in ARITHMETIC or node.name == IMAGE:
            return None
        parts = [self.constant(source) for source in node.input]
        return None if any(part is None for part in parts) else ARITHMETIC[node.op](*parts)
