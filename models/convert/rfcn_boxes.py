"""Boxes of two-stage detectors, as the TF Object Detection API computes them. A box is (ymin, xmin, ymax, xmax)."""

import numpy as np
import tensorflow as tf

SCALES = (0.25, 0.5, 1.0, 2.0)
ASPECTS = (0.5, 1.0, 2.0)
ANCHOR_PIXELS = 256


def anchors(rows, columns, stride):
    """The grid anchors of a feature map in pixels, [rows * columns * 12, 4]."""
    scales, ratios = (a.ravel() for a in np.meshgrid(SCALES, ASPECTS))
    heights = (scales / np.sqrt(ratios) * ANCHOR_PIXELS).astype(np.float32)
    widths = (scales * np.sqrt(ratios) * ANCHOR_PIXELS).astype(np.float32)
    y, x = tf.meshgrid(
        tf.cast(tf.range(rows), tf.float32) * stride, tf.cast(tf.range(columns), tf.float32) * stride, indexing="ij"
    )
    y, x = tf.reshape(y, [-1, 1]), tf.reshape(x, [-1, 1])
    corners = [y - heights / 2, x - widths / 2, y + heights / 2, x + widths / 2]
    return tf.reshape(tf.stack(corners, -1), [-1, 4])


def decode(encoded, reference):
    """Boxes of encodings (ty, tx, th, tw) relative to reference boxes, with the usual factors 10, 10, 5, 5."""
    top, left, bottom, right = (reference[..., i] for i in range(4))
    height, width = bottom - top, right - left
    y = encoded[..., 0] / 10.0 * height + (top + bottom) / 2
    x = encoded[..., 1] / 10.0 * width + (left + right) / 2
    h, w = tf.exp(encoded[..., 2] / 5.0) * height, tf.exp(encoded[..., 3] / 5.0) * width
    return tf.stack([y - h / 2, x - w / 2, y + h / 2, x + w / 2], -1)


def clip(boxes, height, width):
    """Boxes cut off at the image's border."""
    limits = (height, width, height, width)
    return tf.stack([tf.clip_by_value(boxes[..., i], 0.0, limit) for i, limit in enumerate(limits)], -1)


def position_sensitive_crop(features, boxes, image_of_box, bins, crop):
    """Cuts each box into bins x bins parts, reads each part from its own group of channels, and averages them.

    features [N,h,w,bins*bins*C], boxes [B,4] as parts of the image; the result is [B,C].
    """
    top, left, bottom, right = tf.unstack(boxes, axis=1)
    step_y, step_x = (bottom - top) / bins, (right - left) / bins
    size = [crop // bins, crop // bins]
    parts = []
    for i, group in enumerate(tf.split(features, bins * bins, axis=3)):
        row, column = divmod(i, bins)
        part = [top + row * step_y, left + column * step_x, top + (row + 1) * step_y, left + (column + 1) * step_x]
        parts.append(tf.image.crop_and_resize(group, tf.stack(part, 1), image_of_box, size))
    return tf.reduce_mean(tf.add_n(parts) / float(bins * bins), axis=[1, 2])
