"""Types and tensors of KServe v2."""

import math

import numpy as np
from lathe_tf import dtypes
from lathe_tf.errors import invalid
from lathe_tf.feed import Feed
from tensorflow.core.framework import types_pb2 as t

# KServe's types: TensorFlow's, and the field of InferTensorContents that has the values.
_TYPES = {
    "BOOL": (t.DT_BOOL, "bool_contents"),
    "UINT8": (t.DT_UINT8, "uint_contents"),
    "UINT16": (t.DT_UINT16, "uint_contents"),
    "UINT32": (t.DT_UINT32, "uint_contents"),
    "UINT64": (t.DT_UINT64, "uint64_contents"),
    "INT8": (t.DT_INT8, "int_contents"),
    "INT16": (t.DT_INT16, "int_contents"),
    "INT32": (t.DT_INT32, "int_contents"),
    "INT64": (t.DT_INT64, "int64_contents"),
    "FP16": (t.DT_HALF, None),
    "FP32": (t.DT_FLOAT, "fp32_contents"),
    "FP64": (t.DT_DOUBLE, "fp64_contents"),
}
NAMES = {dtype: name for name, (dtype, _) in _TYPES.items()}


def dtype_of(name, datatype):
    """TensorFlow's type of a KServe type; Fault where it is none that is served."""
    if datatype not in _TYPES:
        raise invalid(f"Invalid input precision - {datatype}; input name: {name}")
    return _TYPES[datatype][0]


def contents_field(datatype):
    """The field of InferTensorContents that has the values of a type; None where it has none."""
    return _TYPES[datatype][1]


def feed_of(name, datatype, shape, data):
    """A request's tensor of bytes, or of an array of its numbers; Fault where they do not fill the shape."""
    dtype = dtype_of(name, datatype)
    shape = [int(size) for size in shape]
    if any(size < 0 for size in shape):
        raise invalid(f"Invalid input shape - a size is negative; input name: {name}")
    kind, count = dtypes.NUMPY[dtype], math.prod(shape)
    if isinstance(data, bytes):
        if len(data) != count * kind.itemsize:
            what = "Invalid content size of tensor proto"
            raise invalid(f"{what} - Expected: {count * kind.itemsize} bytes; Actual: {len(data)} bytes; input name: {name}")
        return Feed(dtype, shape, data)
    array = np.asarray(data)
    if array.size != count:
        what = "Invalid number of values in tensor proto container"
        raise invalid(f"{what} - Expected: {count}; Actual: {array.size}; input name: {name}")
    return Feed(dtype, shape, array.astype(kind).reshape(shape))


def datatype_of(array):
    """The KServe type of an array."""
    return next(NAMES[dtype] for dtype, kind in dtypes.NUMPY.items() if kind == array.dtype)


def described(infos):
    """Inputs or outputs of a signature as metadata has them: (name, type, shape)."""
    return [(name, NAMES[info.dtype], [dim.size for dim in info.tensor_shape.dim]) for name, info in sorted(infos.items())]
