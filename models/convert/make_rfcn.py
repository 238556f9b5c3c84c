"""Makes R-FCN with ResNet-101 for COCO's 90 classes, after the TF Object Detection API's `rfcn_resnet101_coco.config`.

The architecture is the trained model's, the weights are seeded noise. So it takes the time that the trained model takes, and
its detections mean nothing: it is for timing only.
"""

import tensorflow as tf

from . import rfcn_boxes, serving
from .rfcn_layers import Layers

SEED = 1
CLASSES = 90
STRIDE = 16
ANCHORS = 12
PROPOSALS = 300
DETECTIONS = 100
BINS, CROP = 3, 18
SHORT_SIDE, LONG_SIDE = 600.0, 1024.0
MEAN_RGB = (123.68, 116.779, 103.939)


def convert(sources, folder):
    """Writes the model. It has no sources: graph and weights are made here."""
    assert not sources
    layers = Layers(SEED)
    graph = tf.Graph()
    with graph.as_default():
        encoded, pixels = serving.inputs()
        outputs = detect(layers, pixels)
    serving.write_detector(graph, encoded, pixels, outputs, folder)


def detect(layers, pixels):
    """The whole network: uint8 [N,H,W,3] to the four detection outputs."""
    images, height, width = preprocess(pixels)
    with tf.name_scope("FirstStageFeatureExtractor"):
        x = layers.conv(images, 7, 64, 2, norm=1.0, name="conv1")
        x = tf.nn.max_pool2d(x, 3, 2, "SAME")
        x = layers.block(x, 256, 64, 3, 2, "block1")
        x = layers.block(x, 512, 128, 4, 2, "block2")
        features = layers.block(x, 1024, 256, 23, 1, "block3")
    proposals, count = propose(layers, features, height, width)
    with tf.name_scope("SecondStageFeatureExtractor"):
        x = layers.block(features, 2048, 512, 3, 1, "block4")
    return classify(layers, x, proposals, count, tf.stack([height, width, height, width]))


def preprocess(pixels):
    """Scales images, keeping their aspect: the short side to 600 pixels, or to fewer so that the long one has at most 1024."""
    with tf.name_scope("Preprocessor"):
        x = tf.cast(pixels, tf.float32)
        shape = tf.cast(tf.shape(x), tf.float32)
        short, long = tf.minimum(shape[1], shape[2]), tf.maximum(shape[1], shape[2])
        scale = tf.minimum(SHORT_SIDE / short, LONG_SIDE / long)
        height, width = tf.round(shape[1] * scale), tf.round(shape[2] * scale)
        x = tf.compat.v1.image.resize_bilinear(x, tf.cast(tf.stack([height, width]), tf.int32))
        # The original does not divide. Untrained activations need it to stay in range, and it takes no time.
        x = (x - tf.constant(MEAN_RGB)) / 64.0
        x.set_shape([None, None, None, 3])
        return x, height, width


def propose(layers, features, height, width):
    """Region proposals: [N,300,4] as parts of the image, and how many of them are valid, [N]."""
    with tf.name_scope("FirstStageBoxPredictor"):
        batch = tf.shape(features)[0]
        x = layers.conv(features, 3, 512, std=0.01, name="rpn_conv")
        scores = layers.conv(x, 1, 2 * ANCHORS, relu=False, std=0.05, name="ClassPredictor")
        offsets = layers.conv(x, 1, 4 * ANCHORS, relu=False, std=0.01, name="BoxEncodingPredictor")
        objectness = tf.nn.softmax(tf.reshape(scores, [batch, -1, 2]))[..., 1]
        grid = rfcn_boxes.anchors(tf.shape(features)[1], tf.shape(features)[2], STRIDE)
        reference = rfcn_boxes.clip(grid, height, width)[None]
        boxes = rfcn_boxes.clip(
            rfcn_boxes.decode(tf.reshape(offsets, [batch, -1, 4]), reference), height, width
        ) / tf.stack([height, width, height, width])
        kept, _, _, count = suppress(boxes[:, :, None], objectness[..., None], PROPOSALS, 0.7)
        return kept, count


def classify(layers, features, proposals, count, size):
    """The second stage: position-sensitive maps, read once for each proposal."""
    batch = tf.shape(features)[0]
    with tf.name_scope("SecondStageBoxPredictor"):
        x = layers.conv(features, 1, 1024, name="reduce_depth")
        box_maps = layers.conv(x, 1, BINS * BINS * CLASSES * 4, relu=False, std=0.01, name="refined_locations")
        class_maps = layers.conv(x, 1, BINS * BINS * (CLASSES + 1), relu=False, std=0.05, name="class_predictions")
        flat, owner = tf.reshape(proposals, [-1, 4]), tf.repeat(tf.range(batch), PROPOSALS)
        offsets = rfcn_boxes.position_sensitive_crop(box_maps, flat, owner, BINS, CROP)
        logits = rfcn_boxes.position_sensitive_crop(class_maps, flat, owner, BINS, CROP)
    with tf.name_scope("SecondStagePostprocessor"):
        offsets = tf.reshape(offsets, [batch, PROPOSALS, CLASSES, 4])
        boxes = rfcn_boxes.decode(offsets, (proposals * size)[:, :, None]) / size
        real = tf.cast(tf.sequence_mask(count, PROPOSALS), tf.float32)[..., None]
        scores = tf.nn.softmax(tf.reshape(logits, [batch, PROPOSALS, CLASSES + 1]))[..., 1:] * real
        kept, kept_scores, kept_classes, found = suppress(boxes, scores, DETECTIONS, 0.6)
    return serving.detections(kept, kept_scores, kept_classes + 1.0, tf.cast(found, tf.float32))


def suppress(boxes, scores, limit, iou_threshold):
    """Non-maximum suppression for each class, at most `limit` in all."""
    return tf.image.combined_non_max_suppression(
        boxes, scores, limit, limit, iou_threshold=iou_threshold, score_threshold=0.0, clip_boxes=True
    )
