"""SavedModels in TensorFlow's own session, over its C library: without TensorFlow's Python half.

    model = saved_model.load("/models/ssd/1", intra_op_threads=2)
    model.call("serving_default", {"inputs": pixels})  # arrays by output name

Importing any part of it makes `tensorflow.core.…`'s message classes importable (protos.py).
"""

from . import protos  # noqa: F401
