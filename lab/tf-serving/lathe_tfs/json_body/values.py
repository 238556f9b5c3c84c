"""JSON values as TF Serving's messages show them, and its rules for base64."""

import base64
import binascii
import json

from lathe_tf import dtypes
from lathe_tf.errors import invalid

SHOWN = 256


def shown(value):
    """A value for a message: pretty-printed, cut off after 256 characters (and not printed further than that)."""
    text = ""
    for part in json.JSONEncoder(indent=4, ensure_ascii=False).iterencode(value):
        text += part
        if len(text) >= SHOWN:
            return text[:SHOWN]
    return text


_KINDS = {type(None): "Null", dict: "Object", list: "Array", str: "String"}


def wrong_type(value, dtype):
    """The fault of a value that does not fit its tensor, with RapidJSON's name of the value's type."""
    kind = str(value) if isinstance(value, bool) else _KINDS.get(type(value), "Number")
    return invalid(f"JSON Value: {shown(value)} Type: {kind} is not of expected type: {dtypes.name(dtype)}")


def is_base64(value):
    """`{"b64": "…"}` and nothing else in the object."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def decoded_base64(value):
    """The bytes of such an object."""
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None
