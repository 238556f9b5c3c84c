"""What all models share: two inputs, four outputs, and a SavedModel file that is the same each time it is made."""

import os

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

tf1 = tf.compat.v1

PREDICT = "tensorflow/serving/predict"
OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")


def inputs():
    """The encoded images (string [N]) and the pixels (uint8 [N,H,W,3]) that are decoded from them.

    One network serves both signatures. `serving_bytes` gets the encoded images; `serving_default` gets the pixels, so nothing
    is decoded (a session accepts any tensor as its input).
    """
    encoded = tf1.placeholder(tf.string, [None], name="encoded_image_string_tensor")

    def decode(data):
        return tf.io.decode_image(data, channels=3, expand_animations=False)

    decoded = tf.map_fn(decode, encoded, fn_output_signature=tf.uint8)
    decoded.set_shape([None, None, None, 3])
    return encoded, tf.identity(decoded, name="image_tensor")


def detections(boxes, scores, classes, count, prefix=""):
    """The four outputs of the TF Object Detection API under their own names, with shapes that metadata can show.

    boxes float [N,D,4] (ymin, xmin, ymax, xmax as parts of the image), scores and classes float [N,D], count float [N].
    """
    shapes = ([None, None, 4], [None, None], [None, None], [None])
    named = {}
    for name, tensor, shape in zip(OUTPUTS, (boxes, scores, classes, count), shapes):
        tensor.set_shape(shape)
        named[name] = tf.identity(tensor, name=prefix + name)
    return named


def signature(source, outputs):
    """A predict signature with the one input `inputs`."""
    info = tf1.saved_model.utils.build_tensor_info
    return tf1.saved_model.signature_def_utils.build_signature_def(
        {"inputs": info(source)}, {name: info(tensor) for name, tensor in outputs.items()}, PREDICT
    )


def write(graph, signatures, folder):
    """Writes `saved_model.pb` of a graph without variables, byte for byte the same each time.

    TensorFlow's own writer does not fix the order of map entries. Deterministic serialisation of sorted functions does, so the
    file's SHA-256 depends on its content alone.
    """
    meta = tf1.train.export_meta_graph(graph=graph, clear_devices=True, strip_default_attrs=True)
    meta.meta_info_def.tags.append("serve")
    for name, definition in signatures.items():
        meta.signature_def[name].CopyFrom(definition)
    functions = sorted(meta.graph_def.library.function, key=lambda function: function.signature.name)
    del meta.graph_def.library.function[:]
    meta.graph_def.library.function.extend(functions)
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1, meta_graphs=[meta])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def write_detector(graph, encoded, pixels, outputs, folder):
    """Writes a detector with both signatures over the same outputs."""
    both = {"serving_default": signature(pixels, outputs), "serving_bytes": signature(encoded, outputs)}
    write(graph, both, folder)
