"""TensorFlow's element types and numpy's."""

import numpy as np
from tensorflow.core.framework import types_pb2 as t

NUMPY = {
    t.DT_FLOAT: np.dtype(np.float32),
    t.DT_DOUBLE: np.dtype(np.float64),
    t.DT_HALF: np.dtype(np.float16),
    t.DT_INT8: np.dtype(np.int8),
    t.DT_INT16: np.dtype(np.int16),
    t.DT_INT32: np.dtype(np.int32),
    t.DT_INT64: np.dtype(np.int64),
    t.DT_UINT8: np.dtype(np.uint8),
    t.DT_UINT16: np.dtype(np.uint16),
    t.DT_UINT32: np.dtype(np.uint32),
    t.DT_UINT64: np.dtype(np.uint64),
    t.DT_BOOL: np.dtype(np.bool_),
}
INTEGERS = {d for d, n in NUMPY.items() if n.kind in "iu"}
FLOATS = {t.DT_FLOAT, t.DT_DOUBLE}

# The TensorProto field that holds each type's values.
FIELD = {
    t.DT_FLOAT: "float_val",
    t.DT_DOUBLE: "double_val",
    t.DT_HALF: "half_val",
    t.DT_INT8: "int_val",
    t.DT_INT16: "int_val",
    t.DT_INT32: "int_val",
    t.DT_INT64: "int64_val",
    t.DT_UINT8: "int_val",
    t.DT_UINT16: "int_val",
    t.DT_UINT32: "uint32_val",
    t.DT_UINT64: "uint64_val",
    t.DT_BOOL: "bool_val",
    t.DT_STRING: "string_val",
}

_CPP_NAMES = {t.DT_FLOAT: "float", t.DT_DOUBLE: "double", t.DT_HALF: "half"}


def name(dtype):
    """A type as TensorFlow's messages spell it: `uint8`, `float`."""
    return _CPP_NAMES.get(dtype) or t.DataType.Name(dtype)[3:].lower()
