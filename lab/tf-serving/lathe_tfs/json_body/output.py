"""Answers as TF Serving writes them: rows for `instances`, columns for `inputs` (json_tensor.cc's pretty writer)."""

import base64
import json
import math

import numpy as np

from lathe_tf.errors import invalid


def rows(outputs):
    """`{"predictions": […]}`: one value for each of the batch; a single output drops its name."""
    size = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size is not None and size != array.shape[0]:
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {array.shape[0]} expecting: {size}")
        size = array.shape[0]
    texts = {name: [_text(row, name) for row in array] for name, array in outputs.items()}
    if len(texts) == 1:
        (column,) = texts.values()
        items = ["        " + text for text in column]
    else:
        items = []
        for i in range(size or 0):
            fields = ",\n".join(f'            "{name}": {column[i]}' for name, column in texts.items())
            items.append("        {\n" + fields + "\n        }")
    return '{\n    "predictions": [\n' + ",\n".join(items) + "\n    ]\n}"


def columns(outputs):
    """`{"outputs": …}`: whole tensors."""
    if len(outputs) == 1:
        ((name, array),) = outputs.items()
        body = _text(array, name)
    else:
        body = "{\n" + ",\n".join(f'        "{name}": {_text(array, name)}' for name, array in outputs.items()) + "\n    }"
    return '{\n    "outputs": ' + body + "\n}"


def _text(value, name):
    """One tensor, or one row of it. Strings of outputs named `…_bytes` are base64."""
    array = np.asarray(value)
    return _nested(array.shape, iter(_leaves(array, name.endswith("_bytes"))))


def _nested(shape, leaves):
    if not shape:
        return next(leaves)
    return "[" + ", ".join([_nested(shape[1:], leaves) for _ in range(shape[0])]) + "]"


def _leaves(array, as_base64):
    """The text of each element in order."""
    values = array.ravel().tolist()
    if array.dtype.kind == "f":
        return _decimals(values, array)
    if array.dtype.kind == "b":
        return ["true" if value else "false" for value in values]
    if array.dtype.kind in "iu":
        return [str(value) for value in values]
    if as_base64:
        return [json.dumps({"b64": base64.b64encode(value).decode()}) for value in values]
    return [json.dumps(value.decode("utf-8", "replace"), ensure_ascii=False) for value in values]


def _decimals(values, array):
    """Six digits where they give the same number back, else as many as do: 9, or 17 for doubles."""
    short = ["%g" % value for value in values]
    with np.errstate(over="ignore"):
        back = np.array([float(text) for text in short], array.dtype)
    precise = "%.17g" if array.dtype.itemsize == 8 else "%.9g"
    for i in np.flatnonzero(back != array.ravel()):
        short[i] = precise % values[i]
    return [text if "." in text or "e" in text else _special(text) for text in short]


def _special(text):
    """A whole number gets a point; what is no number gets the name that the C++ writer gives it."""
    number = float(text)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "-Infinity" if number < 0 else "Infinity"
    return text + ".0"
