"""HTTP/REST: paths to calls, as TF Serving's http_rest_api_handler.cc has it."""

import json
import re
import time
import urllib.parse

from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from lathe_tf.errors import INTERNAL, UNIMPLEMENTED, Fault, invalid
from lathe_tf.signature import DEFAULT_SIGNATURE

from .json_body import output, request

JSON = "application/json"
# TF Serving's HTTP status by canonical code (net_http's map; everything else is 500).
HTTP_STATUS = {0: 200, 3: 400, 9: 400, 11: 400, 5: 404, 6: 409, 10: 409, 8: 429, 12: 501, 14: 503, 4: 504}
_VERSION = r"(?:(?:/versions/(?P<version>\d+))|(?:/labels/(?P<label>[^/:]+)))?"
_PREDICT = re.compile(rf"(?i)/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<method>classify|regress|predict)")
_STATUS = re.compile(rf"(?i)/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<sub>metadata))?")
_NOT_FOUND = (
    b"<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n"
)


class Rest:
    """The handler of HttpServer."""

    def __init__(self, core, prometheus_path):
        self._core, self._prometheus = core, prometheus_path

    def __call__(self, method, path, body, headers=None):
        if method == "GET" and path == self._prometheus:
            return 200, "text/plain", self._core.metrics.text().encode()
        if not re.match(r"(?i)/v1/.*", path):
            return 404, "text/html", _NOT_FOUND
        started = time.perf_counter()
        name, code = "", 0
        try:
            match = {"POST": _PREDICT, "GET": _STATUS}.get(method, re.compile("(?!)")).fullmatch(path)
            if match is None:
                raise invalid(f"Malformed request: {method} {path}")
            spec = _spec(match)
            name = spec.name
            answer = self._post(match, spec, body) if method == "POST" else self._get(match, spec)
        except Fault as fault:
            code, answer = fault.code, _error(fault.text)
        except Exception as fault:
            code, answer = INTERNAL, _error(f"{type(fault).__name__}: {fault}")
        if method == "POST":
            self._core.metrics.request(name, code, "predict", "REST", time.perf_counter() - started)
        return HTTP_STATUS.get(code, 500), JSON, answer.encode()

    def _post(self, match, spec, body):
        if match["method"].lower() != "predict":
            raise Fault(UNIMPLEMENTED, f"{match['method']} is not served by this stand-in")

        def inputs_of(signature):
            if signature:
                spec.signature_name = signature
            servable = self._core.manager.servable(spec)
            name = spec.signature_name or DEFAULT_SIGNATURE
            if name not in servable.signatures:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            return servable.signatures[name].inputs

        form, _, feeds = request.parse(body, inputs_of)
        _, _, outputs = self._core.predict(spec, feeds)
        return output.rows(outputs) if form == "instances" else output.columns(outputs)

    def _get(self, match, spec):
        if not spec.name:
            raise invalid("Missing model name in request.")
        options = {"including_default_value_fields": True, "indent": 1}
        if not match["sub"]:
            asked = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
            status = self._core.status(asked)
            return json_format.MessageToJson(status, preserving_proto_field_name=True, **options) + "\n"
        asked = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        response, signatures = self._core.metadata(asked)
        options["preserving_proto_field_name"] = True
        model = json_format.MessageToJson(response.model_spec, **options)
        # The inner message has a field of the same name: TF Serving's answer has it doubled too.
        signature_def = json_format.MessageToJson(signatures, **options)
        return f'{{\n"model_spec":{model},\n"metadata": {{"signature_def": {signature_def}}}\n}}\n'


def _spec(match):
    spec = model_pb2.ModelSpec(name=urllib.parse.unquote(match["name"] or ""))
    if match["version"]:
        if int(match["version"]) > 2**63 - 1:
            raise invalid(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = int(match["version"])
    if match["label"]:
        spec.version_label = urllib.parse.unquote(match["label"])
    return spec


def _error(text):
    return json.dumps({"error": text}, indent=4, ensure_ascii=False)
