"""A predict body in any of its forms becomes feeds: `instances` (rows) or `inputs` (columns)."""

import json

from lathe_tf.errors import invalid

from . import fast
from .tensor import feed_of
from .values import is_base64, shown


def parse(body, inputs_of):
    """(form, signature name or None, feeds by input). `inputs_of(name)` gives the signature's inputs, or its Fault."""
    plain = fast.parse(body, inputs_of)
    if plain is not None:
        return plain
    document = _document(body)
    signature = document.get("signature_name")
    if "signature_name" in document and not isinstance(signature, str):
        raise invalid(f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value.")
    inputs = inputs_of(signature)
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        )
    if "instances" in document:
        return "instances", signature, _rows(document, inputs)
    if "inputs" in document:
        return "inputs", signature, _columns(document["inputs"], inputs)
    raise invalid("Missing 'inputs' or 'instances' key")


def _document(body):
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        # The C++ parser stops after the value: what follows is not looked at.
        document, _ = json.JSONDecoder().raw_decode(body.decode().lstrip(" \t\r\n"))
    except (ValueError, RecursionError) as fault:
        raise invalid(f"JSON Parse error: Invalid value. at offset: {getattr(fault, 'pos', 0)}") from None
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    return document


def _is_object(value):
    return isinstance(value, dict) and not is_base64(value)


def _rows(document, inputs):
    rows = document["instances"]
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {shown(document)} Expecting 'instances' to be an list/array")
    if not rows:
        raise invalid(f"JSON Value: {shown(document)} No values in 'instances' array")
    if not _is_object(rows[0]):
        if len(inputs) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map"
            )
        for i, row in enumerate(rows):
            if _is_object(row):
                raise invalid(f"Expecting value/list but got object at item {i} of input list")
        ((name, info),) = inputs.items()
        return {name: _of_rows(rows, info.dtype, None)}
    for i, row in enumerate(rows):
        _check_row(i, row, inputs)
    return {name: _of_rows([row[name] for row in rows], info.dtype, name) for name, info in inputs.items()}


def _check_row(i, row, inputs):
    if not _is_object(row):
        raise invalid(f"Expecting object but got list at item {i} of input list")
    for name in row:
        if name not in inputs:
            raise invalid(
                f"Failed to process element: {i} key: {name} of 'instances' list. Error: INVALID_ARGUMENT: "
                f"JSON object: does not have named input: {name}"
            )
    if set(row) != set(inputs):
        raise invalid(
            f"Failed to process element: {i} of 'instances' list. JSON object: {shown(row)} "
            f"keys must be equal to: {','.join(sorted(inputs))}"
        )


def _of_rows(rows, dtype, name):
    try:
        return feed_of(rows, dtype)
    except Exception as fault:
        where = "" if name is None else f" key: {name}"
        text = getattr(fault, "text", str(fault))
        raise invalid(f"Failed to process element: 0{where} of 'instances' list. Error: INVALID_ARGUMENT: {text}") from None


def _columns(value, inputs):
    if _is_object(value):
        for name in inputs:
            if name not in value:
                raise invalid(f"Missing named input: {name} in 'inputs' object.")
        return {name: feed_of(value[name], info.dtype) for name, info in inputs.items()}
    if len(inputs) > 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map"
        )
    ((name, info),) = inputs.items()
    return {name: feed_of(value, info.dtype)}
