"""Layers of ResNet v1 as TF-Slim builds them, with seeded weights.

The weights are scaled sums of uniform integers, which are nearly normally distributed. No function that makes them depends on
the machine's maths library, so the model's SHA-256 is the same everywhere.
"""

import numpy as np
import tensorflow as tf

# Standard deviation of the sum of four uniform integers from 0 to 255, and its mean.
SUM_STD = np.sqrt(4 * (256**2 - 1) / 12)
SUM_MEAN = 510


class Layers:
    """Convolutions that draw their weights from one seeded stream."""

    def __init__(self, seed):
        self._random = np.random.PCG64(seed)

    def weights(self, shape, std=None):
        """A constant of this shape; `std` defaults to He's rule for layers with ReLU."""
        count = int(np.prod(shape))
        raw = self._random.random_raw((count + 1) // 2).view(np.uint8).reshape(-1, 4)[:count]
        total = raw.sum(axis=1, dtype=np.int32) - SUM_MEAN
        scale = np.sqrt(2.0 / np.prod(shape[:-1])) if std is None else std
        return tf.constant(total.astype(np.float32).reshape(shape) * np.float32(scale / SUM_STD))

    def conv(self, x, size, channels, stride=1, relu=True, norm=None, std=None, name="conv"):
        """A convolution with batch normalisation of the scale `norm`, or with a bias if `norm` is None."""
        with tf.name_scope(name):
            kernel = self.weights((size, size, x.shape[-1], channels), std)
            padding = "SAME"
            if stride > 1 and size > 1:
                # Slim pads strided convolutions itself: then it does not matter whether the input's size is even or odd.
                before = (size - 1) // 2
                around = [before, size - 1 - before]
                x, padding = tf.pad(x, [[0, 0], around, around, [0, 0]]), "VALID"
            y = tf.nn.conv2d(x, kernel, stride, padding)
            if norm is None:
                y = tf.nn.bias_add(y, np.zeros(channels, np.float32))
            else:
                scale, zero = np.full(channels, norm, np.float32), np.zeros(channels, np.float32)
                y, _, _ = tf.compat.v1.nn.fused_batch_norm(
                    y, scale, zero, zero, np.ones(channels, np.float32), epsilon=1e-5, is_training=False
                )
            return tf.nn.relu(y) if relu else y

    def bottleneck(self, x, depth, middle, stride, name):
        """A residual unit; its scales keep the activations of 33 untrained units within range."""
        with tf.name_scope(name):
            if x.shape[-1] == depth:
                shortcut = x if stride == 1 else x[:, ::stride, ::stride]
            else:
                shortcut = self.conv(x, 1, depth, stride, relu=False, norm=0.7, name="shortcut")
            y = self.conv(x, 1, middle, norm=1.0, name="conv1")
            y = self.conv(y, 3, middle, stride, norm=1.0, name="conv2")
            y = self.conv(y, 1, depth, relu=False, norm=0.2, name="conv3")
            return tf.nn.relu(shortcut + y)

    def block(self, x, depth, middle, units, stride, name):
        """A stage of `units` bottlenecks; in Slim's ResNet v1 the last one has the stride."""
        with tf.name_scope(name):
            for i in range(units):
                x = self.bottleneck(x, depth, middle, stride if i == units - 1 else 1, f"unit_{i + 1}")
        return x
