"""TensorFlow's element types and numpy's."""

import numpy as np
from tensorflow.core.framework import types_pb2 as t

# Of each type but strings: numpy's, and the TensorProto field that holds its values.
_NUMBERS = {
    t.DT_FLOAT: (np.float32, "float_val"),
    t.DT_DOUBLE: (np.float64, "double_val"),
    t.DT_HALF: (np.float16, "half_val"),
    t.DT_INT8: (np.int8, "int_val"),
    t.DT_INT16: (np.int16, "int_val"),
    t.DT_INT32: (np.int32, "int_val"),
    t.DT_INT64: (np.int64, "int64_val"),
    t.DT_UINT8: (np.uint8, "int_val"),
    t.DT_UINT16: (np.uint16, "int_val"),
    t.DT_UINT32: (np.uint32, "uint32_val"),
    t.DT_UINT64: (np.uint64, "uint64_val"),
    t.DT_BOOL: (np.bool_, "bool_val"),
}
NUMPY = {dtype: np.dtype(kind) for dtype, (kind, _) in _NUMBERS.items()}
FIELD = {t.DT_STRING: "string_val", **{dtype: field for dtype, (_, field) in _NUMBERS.items()}}
OF_NUMPY = {kind: dtype for dtype, kind in NUMPY.items()}
INTEGERS = {d for d, n in NUMPY.items() if n.kind in "iu"}
FLOATS = {t.DT_FLOAT, t.DT_DOUBLE}

_CPP_NAMES = {t.DT_FLOAT: "float", t.DT_DOUBLE: "double", t.DT_HALF: "half"}


def name(dtype):
    """A type as TensorFlow's messages spell it: `uint8`, `float`."""
    return _CPP_NAMES.get(dtype) or t.DataType.Name(dtype)[3:].lower()
