"""TensorProto in both directions, by the rules of TensorFlow's Tensor::FromProto and Tensor::AsProtoField."""

import math

import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2

from lathe_tf import dtypes
from lathe_tf.errors import invalid
from lathe_tf.feed import Feed


def feed_of(name, proto):
    """A request's tensor. `tensor_content` passes through as it is; typed fields repeat their last value to fill."""
    shape = [dim.size for dim in proto.tensor_shape.dim]
    known = proto.dtype in dtypes.FIELD
    if not known or proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise invalid(f"tensor parsing error: {name}")
    count = math.prod(shape)
    if proto.dtype == types_pb2.DT_STRING:
        content = proto.tensor_content
        values = _strings(name, content, count) if content else _filled(list(proto.string_val), count, b"")
        return Feed(proto.dtype, shape, values)
    kind = dtypes.NUMPY[proto.dtype]
    content = proto.tensor_content
    if content:
        if len(content) != count * kind.itemsize:
            raise invalid(f"tensor parsing error: {name}")
        return Feed(proto.dtype, shape, content)
    values = getattr(proto, dtypes.FIELD[proto.dtype])
    if proto.dtype == types_pb2.DT_HALF:
        array = np.array(values, np.uint16).view(np.float16)
    else:
        array = np.array(values).astype(kind)
    if len(array) < count:
        last = array[-1] if len(array) else kind.type(0)
        array = np.concatenate([array, np.full(count - len(array), last, kind)])
    return Feed(proto.dtype, shape, array[:count].astype(kind, copy=False))


def _filled(values, count, empty):
    last = values[-1] if values else empty
    return (values + [last] * (count - len(values)))[:count]


def _strings(name, content, count):
    """TensorFlow's packed strings: `count` varint lengths, then the bytes."""
    lengths, at = [], 0
    try:
        for _ in range(count):
            length = shift = 0
            while True:
                byte = content[at]
                at += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            lengths.append(length)
    except IndexError:
        raise invalid(f"tensor parsing error: {name}") from None
    if at + sum(lengths) != len(content):
        raise invalid(f"tensor parsing error: {name}")
    values = []
    for length in lengths:
        values.append(content[at : at + length])
        at += length
    return values


def proto_of(array, dtype):
    """An answer's tensor: typed fields, never `tensor_content`, as the server does by default."""
    proto = tensor_pb2.TensorProto(dtype=dtype)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    flat = array.ravel()
    values = flat.view(np.uint16) if dtype == types_pb2.DT_HALF else flat
    getattr(proto, dtypes.FIELD[dtype]).extend(values.tolist())
    return proto
