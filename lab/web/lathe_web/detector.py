"""What the three frameworks share: each model in a TensorFlow session of this process, and plain REST's requests and answers.

    POST /predict/MODEL[/VERSION]   {"inputs": nested lists} or {"file": base64 of an image file}; "signature" names another one
                                    -> {"outputs": {name: nested lists}, "worker": number of the process}
    GET  /health                    200 where every model is loaded, else 503

/models/models.json says what is served: the versions of each model, first the one that answers where a request names none.
Variables: WEB_THREADS (requests at a time in a worker), WEB_PARSER (json or simdjson), TensorFlow's own.
"""

import base64
import json
import os
import pathlib

import numpy as np

# TensorFlow tells much of itself, once in each worker; its errors still show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from lathe_tf import saved_model  # noqa: E402
from lathe_tf.errors import INVALID_ARGUMENT, UNIMPLEMENTED, Fault  # noqa: E402
from lathe_tf.memory import trim_memory  # noqa: E402

MODELS = pathlib.Path(os.environ.get("WEB_MODELS", "/models"))
THREADS = int(os.environ.get("WEB_THREADS", "4"))
# The smallest PNG: one grey pixel.
_PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOoBwAAgQCA05RTSgAAAABJRU5ErkJggg==")
_STATUS = {INVALID_ARGUMENT: 400, UNIMPLEMENTED: 501}
_SHOWN = 500

_served = {}
_loaded = {}
_failed = {}


def load():
    """Loads every model that is served; called once in each worker. One that cannot be loaded is told to whoever asks for it."""
    threads = [int(os.environ.get(f"TENSORFLOW_{name}_OP_PARALLELISM", "0")) for name in ("INTRA", "INTER")]
    _served.update(json.loads((MODELS / "models.json").read_text()))
    for name, versions in _served.items():
        for version in versions:
            try:
                model = saved_model.load(str(MODELS / name / str(version)), *threads)
                _warm(model)
                _loaded[name, version] = model
            except Exception as fault:
                _failed[name, version] = f"model {name} version {version} cannot be loaded: {fault}"
    trim_memory()


def _warm(model):
    """Asks for a first answer by each signature, which takes seconds. Whoever asks next is told what does not work."""
    for signature, definition in model.signatures.items():
        for value in ([_PNG], np.full((1, 64, 64, 3), 127, np.uint8)):
            try:
                model.call(signature, dict.fromkeys(definition.inputs, value))
            except Fault:
                continue


def health():
    """(HTTP status, JSON text)."""
    return (503 if _failed else 200), json.dumps({"failed": list(_failed.values()), "worker": os.getpid()})


def answer(name, version, body):
    """(HTTP status, JSON text) for a request's body; without a version, of the one that is live."""
    version = version or next(iter(_served.get(name, [])), None)
    if (name, version) in _failed:
        return _error(500, _failed[name, version])
    model = _loaded.get((name, version))
    if model is None:
        return _error(404, f"no model {name} is served" + (f" in version {version}" if name in _served else ""))
    try:
        signature, value = parse(body)
        if signature not in model.signatures:
            return _error(400, f"model {name} has no signature {signature}")
        inputs = dict.fromkeys(model.signatures[signature].inputs, value)
        outputs = model.call(signature, inputs)
    except Fault as fault:
        return _error(_STATUS.get(fault.code, 500), str(fault))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as fault:
        return _error(400, f"the body is not as expected: {fault!r}")
    answered = {"outputs": {key: array.tolist() for key, array in outputs.items()}, "worker": os.getpid()}
    return 200, json.dumps(answered, default=lambda text: text.decode("utf-8", "replace"))


def _error(status, text):
    return status, json.dumps({"error": text[:_SHOWN]})


def _parse_json(body):
    """(signature, the value of its input), as people write it: lists of Python's numbers first, then an array of them."""
    request = json.loads(body)
    if "file" in request:
        return _of_file(request)
    return request.get("signature", "serving_default"), np.array(request["inputs"], np.uint8)


def _parse_simdjson(body):
    """The same, but the numbers come in one piece from the parser's own memory."""
    import simdjson

    request = simdjson.Parser().parse(body)
    if "file" in request:
        return _of_file(request)
    inputs = request["inputs"]
    shape, first = [], inputs
    while isinstance(first, simdjson.Array):
        shape.append(len(first))
        first = first[0] if len(first) else None
    flat = np.frombuffer(inputs.as_buffer(of_type="u"), np.uint64)
    return request.get("signature", "serving_default"), flat.astype(np.uint8).reshape(shape)


def _of_file(request):
    return request.get("signature", "serving_bytes"), [base64.b64decode(request["file"], validate=True)]


PARSERS = {"json": _parse_json, "simdjson": _parse_simdjson}
parse = PARSERS[os.environ.get("WEB_PARSER", "json")]
