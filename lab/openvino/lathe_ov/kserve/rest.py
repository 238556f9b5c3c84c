"""KServe v2 over HTTP: JSON, and tensors as bytes behind it (the binary tensor data extension)."""

import json
import re
import threading
import time
import urllib.parse

import numpy as np
import simdjson
from lathe_tf.errors import INTERNAL, INVALID_ARGUMENT, NOT_FOUND, Fault, invalid
from lathe_tfs.rest import HTTP_STATUS

from . import model
from .tensors import datatype_of, described, feed_of

JSON, BINARY = "application/json", "application/octet-stream"
LENGTH = "Inference-Header-Content-Length"
_MODEL = re.compile(r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?:/(?P<verb>ready|infer))?")
_local = threading.local()


class Rest:
    """Answers paths below /v2."""

    def __init__(self, core):
        self._core = core

    def __call__(self, method, path, body, headers):
        started, code, name = time.perf_counter(), 0, ""
        infers = False
        try:
            match = _MODEL.fullmatch(path)
            infers = match is not None and match["verb"] == "infer" and method == "POST"
            if not infers:
                return self._get(method, path, match)
            name = urllib.parse.unquote(match["name"])
            return self._infer(name, match["version"], body, headers)
        except Fault as fault:
            code, text = fault.code, fault.text
        except (AttributeError, KeyError, TypeError) as fault:  # of a request's JSON: what it holds is of another kind
            code, text = INVALID_ARGUMENT, f"the request cannot be read: {type(fault).__name__}: {fault}"
        except Exception as fault:  # a fault of ours must be told, not hidden
            code, text = INTERNAL, f"{type(fault).__name__}: {fault}"
        finally:
            if infers:
                self._core.metrics.request(name, code, "ModelInfer", "REST", time.perf_counter() - started)
        return HTTP_STATUS.get(code, 500), JSON, json.dumps({"error": text}).encode()

    def _get(self, method, path, match):
        if method != "GET":
            raise invalid("Unsupported method")
        if path == "/v2/health/live":
            return 200, JSON, b""
        if path == "/v2/health/ready":
            return (200 if self._core.manager.ready else 503), JSON, b""
        if path.rstrip("/") == "/v2":
            return 200, JSON, json.dumps({**model.SERVER, "extensions": ["binary_tensor_data"]}).encode()
        if match is None or match["verb"] == "infer":
            raise Fault(NOT_FOUND, "Invalid request URL")
        name = urllib.parse.unquote(match["name"])
        servable = self._core.manager.servable(model.spec(name, match["version"]))
        if match["verb"] == "ready":
            return 200, JSON, b""
        (signature,) = servable.signatures.values()
        shown = {"name": name, "versions": [str(servable.version)], "platform": model.PLATFORM}
        for key, infos in (("inputs", signature.inputs), ("outputs", signature.outputs)):
            shown[key] = [{"name": n, "datatype": d, "shape": s} for n, d, s in described(infos)]
        return 200, JSON, json.dumps(shown).encode()

    def _infer(self, name, version, body, headers):
        length = headers.get(LENGTH.lower())
        if length is not None and not (length.isdecimal() and int(length) <= len(body)):
            raise invalid(f"{LENGTH}: {length}")
        head = len(body) if length is None else int(length)
        request, feeds = _read(body[:head], memoryview(body)[head:])
        every = request.get("parameters", {}).get("binary_data_output") is True
        # By name: whether it is asked for as bytes.
        wanted = {o["name"]: every or o.get("parameters", {}).get("binary_data") is True for o in request.get("outputs", [])}
        servable, _, outputs = self._core.predict(model.spec(name, version), feeds, list(wanted))
        answer = {"model_name": name, "model_version": str(servable.version), "outputs": []}
        if request.get("id"):
            answer["id"] = request["id"]
        blobs = []
        for key, array in outputs.items():
            tensor = {"name": key, "shape": list(array.shape), "datatype": datatype_of(array)}
            if wanted.get(key, every):
                blobs.append(array.tobytes())
                tensor["parameters"] = {"binary_data_size": len(blobs[-1])}
            else:
                tensor["data"] = array.ravel().tolist()
            answer["outputs"].append(tensor)
        text = json.dumps(answer).encode()
        if not blobs:
            return 200, JSON, text
        return 200, BINARY, b"".join([text, *blobs]), {LENGTH: len(text)}


def _read(head, rest):
    """(what the JSON says beside the inputs, feeds). Lists of numbers are read without making a Python object of each."""
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = simdjson.Parser()
    document = None
    try:
        document = parser.parse(head)
        request = {key: _plain(document[key]) for key in ("id", "parameters", "outputs") if key in document}
        feeds, at = {}, 0
        for tensor in document["inputs"]:
            size = _plain(tensor["parameters"]).get("binary_data_size") if "parameters" in tensor else None
            if size is None:
                data = _numbers(tensor["data"])
            else:
                data, at = bytes(rest[at : at + size]), at + size
            feeds[tensor["name"]] = feed_of(tensor["name"], tensor["datatype"], _plain(tensor["shape"]), data)
        return request, feeds
    except ValueError as fault:
        raise invalid(f"the request cannot be read: {fault}") from None
    finally:
        del document  # the parser is free again only then


def _plain(value):
    """A value of the parser's as Python has it."""
    if isinstance(value, simdjson.Array):
        return value.as_list()
    return value.as_dict() if isinstance(value, simdjson.Object) else value


def _numbers(value):
    """Nested lists of numbers, flat."""
    try:
        return np.frombuffer(value.as_buffer(of_type="i"), np.int64)
    except ValueError:
        return np.frombuffer(value.as_buffer(of_type="d"), np.float64)
