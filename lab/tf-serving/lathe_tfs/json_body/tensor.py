"""A JSON value becomes a tensor: exactly, with TF Serving's texts for what does not fit (json_tensor.cc)."""

import numpy as np
from tensorflow.core.framework import types_pb2

from lathe_tf import dtypes
from lathe_tf.errors import UNIMPLEMENTED, Fault, invalid
from lathe_tf.feed import Feed

from .values import decoded_base64, is_base64, shown, wrong_type

_INT32 = (-(2**31), 2**31 - 1)
_RANGE = {
    types_pb2.DT_INT64: (-(2**63), 2**63 - 1),
    types_pb2.DT_UINT32: (0, 2**32 - 1),
    types_pb2.DT_UINT64: (0, 2**64 - 1),
}


def feed_of(value, dtype):
    """The dense tensor of nested lists; its shape is that of the first branch, and all others must agree."""
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    flat = []
    _flatten(value, 0, shape, _converter(dtype, first), flat)
    if dtype == types_pb2.DT_STRING:
        return Feed(dtype, shape, flat)
    # C++ stores small integers as int and casts, so 256 becomes 0 in a uint8 tensor.
    wide = np.array(flat, np.uint64 if dtype == types_pb2.DT_UINT64 else None)
    return Feed(dtype, shape, wide.astype(dtypes.NUMPY[dtype]).reshape(shape))


def _flatten(value, level, shape, convert, flat):
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        flat.append(convert(value))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for item in value:
        _flatten(item, level + 1, shape, convert, flat)


def _converter(dtype, example):
    """The function that checks and converts one value of a tensor of this type."""
    if dtype == types_pb2.DT_STRING:
        return _string
    if dtype in dtypes.INTEGERS:
        low, high = _RANGE.get(dtype, _INT32)
        return _checked(dtype, lambda value: type(value) is int and low <= value <= high)
    if dtype in dtypes.FLOATS:
        return _checked(dtype, lambda value: type(value) in (int, float))
    if dtype == types_pb2.DT_BOOL:
        return _checked(dtype, lambda value: isinstance(value, bool))
    raise Fault(UNIMPLEMENTED, f"Conversion of JSON Value: {shown(example)} to type: {dtypes.name(dtype)}")


def _checked(dtype, fits):
    def convert(value):
        if fits(value):
            return float(value) if dtype in dtypes.FLOATS else value
        raise wrong_type(value, dtype)

    return convert


def _string(value):
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, dict):
        raise wrong_type(value, types_pb2.DT_STRING)
    if not is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    return decoded_base64(value)
