"""What the three frameworks share: each model in a TensorFlow session of this process, and plain REST's requests and answers.

    POST /predict/MODEL[/VERSION]   {"inputs": nested lists} or {"file": base64 of an image file}, and a "signature" if it is another
                                    -> {"outputs": {name: nested lists}, "worker": number of the process}
    GET  /health                    200 where every model is loaded, else 503

/models/models.json says what is served: the versions of each model, the first one where a request names none.
Variables: WEB_THREADS (requests at a time in a worker), WEB_PARSER (json or simdjson), TensorFlow's own.
"""

import base64
import json
import os
import pathlib
import types

import numpy as np
from lathe_tf.errors import HTTP_STATUS, Fault
from lathe_tf.runtime import Feed
from lathe_tf.servable import Servable
from tensorflow.core.framework import types_pb2

MODELS = pathlib.Path(os.environ.get("WEB_MODELS", "/models"))
THREADS = int(os.environ.get("WEB_THREADS", "4"))
SHOWN = 500

_served = {}
_loaded = {}
_failed = {}


def load():
    """Loads every model that is served; called once in each worker. One that cannot be loaded is told to whoever asks for it."""
    _served.update(json.loads((MODELS / "models.json").read_text()))
    flags = types.SimpleNamespace(
        tensorflow_intra_op_parallelism=int(os.environ.get("TENSORFLOW_INTRA_OP_PARALLELISM", "0")),
        tensorflow_inter_op_parallelism=int(os.environ.get("TENSORFLOW_INTER_OP_PARALLELISM", "0")),
        saved_model_tags="serve",
    )
    for name, versions in _served.items():
        for version in versions:
            try:
                _loaded[name, version] = Servable(str(MODELS / name / str(version)), version, flags)
            except Exception as fault:
                _failed[name, version] = f"model {name} version {version} cannot be loaded: {fault}"


def health():
    """(HTTP status, JSON text)."""
    state = {"failed": list(_failed.values()), "worker": os.getpid()}
    return (503 if _failed else 200), json.dumps(state)


def answer(name, version, body):
    """(HTTP status, JSON text) for a request's body; without a version, the one that is live."""
    try:
        version = int(version or _served[name][0])
        servable = _loaded[name, version]
    except KeyError:
        failed = _failed.get((name, version))
        return _error(404, f"no model {name} is served in that version") if failed is None else _error(500, failed)
    try:
        signature, feed = parse(body)
        definition = servable.signatures.get(signature)
        if definition is None or len(definition.inputs) != 1:
            return _error(400, f"model {name} has no signature {signature} with one input")
        outputs = servable.run(signature, {next(iter(definition.inputs)): feed})
    except Fault as fault:
        return _error(HTTP_STATUS.get(fault.code, 500), str(fault))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        return _error(400, f"the body is not as expected: {fault}")
    return 200, json.dumps({"outputs": {key: value.tolist() for key, value in outputs.items()}, "worker": os.getpid()})


def _error(status, text):
    return status, json.dumps({"error": text[:SHOWN]})


def _parse_json(body):
    """As people write it: lists of Python's numbers first, then an array of them."""
    request = json.loads(body)
    if "file" in request:
        return _of_file(request, request["file"])
    return request.get("signature", "serving_default"), _pixels(np.array(request["inputs"], np.uint8))


def _parse_simdjson(body):
    """The same request, but the numbers come in one piece from the parser's own memory."""
    import simdjson

    request = simdjson.Parser().parse(body)
    if "file" in request:
        return _of_file(request, request["file"])
    inputs = request["inputs"]
    shape, first = [], inputs
    while isinstance(first, simdjson.Array):
        shape.append(len(first))
        first = first[0] if len(first) else None
    flat = np.frombuffer(inputs.as_buffer(of_type="u"), np.uint64)
    return request.get("signature", "serving_default"), _pixels(flat.astype(np.uint8).reshape(shape))


def _of_file(request, text):
    feed = Feed(types_pb2.DT_STRING, (1,), [base64.b64decode(text, validate=True)])
    return request.get("signature", "serving_bytes"), feed


def _pixels(array):
    return Feed(types_pb2.DT_UINT8, array.shape, array)


PARSERS = {"json": _parse_json, "simdjson": _parse_simdjson}
parse = PARSERS[os.environ.get("WEB_PARSER", "json")]
