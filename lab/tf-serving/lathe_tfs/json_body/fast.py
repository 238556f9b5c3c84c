"""Large bodies of numbers, parsed without making a Python object of each.

An image of 640x480 is 921,600 numbers: json takes 600 ms for them, this takes a tenth. What is not a plain, dense
tensor of numbers is left to the exact way (None), which also finds the words for what is wrong with it.
"""

import math
import threading

import numpy as np
import simdjson

from lathe_tf import dtypes
from lathe_tf.feed import Feed

# Below this the exact way is as quick.
SMALL = 4096

_KEYS = {"instances", "inputs", "signature_name"}
_NOT_BRACKETS = bytes(range(256)).translate(None, b"[]")
_local = threading.local()


def parse(body, inputs_of):
    """(form, signature name or None, feeds) of a body, or None. `inputs_of(name)` is the signature's inputs."""
    if len(body) < SMALL:
        return None
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = simdjson.Parser()
    try:
        document = parser.parse(body)
    except ValueError:
        return None
    try:
        parsed = _read(document, inputs_of)
    finally:
        del document  # the parser is free again only then
    if parsed is None:
        return None
    # All forms have the brackets of their one dense tensor and no others (names hold braces): the whole body's show
    # whether the lists are ragged, without looking at each. Two dense lists have the same brackets only if they agree.
    (feed,) = parsed[2].values()
    return parsed if body.translate(None, _NOT_BRACKETS) == _brackets(feed.shape) else None


def _read(document, inputs_of):
    if not isinstance(document, simdjson.Object):
        return None
    keys = set(document.keys())
    forms = keys & {"instances", "inputs"}
    if len(forms) != 1 or not keys <= _KEYS or len(document) != len(keys):
        return None
    signature = document["signature_name"] if "signature_name" in keys else None
    if signature is not None and not isinstance(signature, str):
        return None
    form = forms.pop()
    inputs = inputs_of(signature)
    if len(inputs) != 1:
        return None
    ((name, info),) = inputs.items()
    feed = _value(document[form], form, name, info.dtype)
    return None if feed is None else (form, signature, {name: feed})


def _value(value, form, name, dtype):
    """The one input, bare or under its name: `[…]`, `{"x": […]}` or, in rows, `[{"x": […]}, …]`."""
    if form == "inputs" and isinstance(value, simdjson.Object):
        if list(value.keys()) != [name]:
            return None
        value = value[name]
    if not isinstance(value, simdjson.Array) or len(value) == 0:
        return None
    if form == "instances" and isinstance(value[0], simdjson.Object):
        rows = []
        for row in value:
            if not isinstance(row, simdjson.Object) or list(row.keys()) != [name]:
                return None
            array = _dense(row[name], dtype)
            if array is None or (rows and array.shape != rows[0].shape):
                return None
            rows.append(array)
        array = rows[0][None] if len(rows) == 1 else np.stack(rows)
    else:
        array = _dense(value, dtype)
    return None if array is None else Feed(dtype, array.shape, array)


def _dense(value, dtype):
    """Nested lists as an array of the first branch's shape; None where they hold anything but numbers of the type."""
    if not isinstance(value, simdjson.Array):
        return None
    try:
        if dtype in dtypes.INTEGERS:
            flat = np.frombuffer(value.as_buffer(of_type="i"), np.int64)
        elif dtype in dtypes.FLOATS:
            flat = np.frombuffer(value.as_buffer(of_type="d"), np.float64)
        else:
            return None
    except (TypeError, ValueError):
        return None
    shape, first = [], value
    while isinstance(first, simdjson.Array):
        shape.append(len(first))
        first = first[0] if len(first) else None
    if flat.size != math.prod(shape):
        return None
    return flat.astype(dtypes.NUMPY[dtype]).reshape(shape)


def _brackets(shape):
    """The brackets of dense nested lists of this shape."""
    pattern = b"[]"
    for size in reversed(shape[:-1]):
        pattern = b"[" + pattern * size + b"]"
    return pattern
