"""HTTP: both APIs at one port, the state of all models, and metrics."""

import json
import threading

from google.protobuf import json_format
from lathe_tf.errors import Fault
from lathe_tfs import rest

from .kserve.rest import Rest as KServe

JSON = "application/json"


class Rest:
    """The handler of HttpServer."""

    def __init__(self, core, metrics):
        # Without a page of metrics of its own: that is at another path here.
        self._core, self._metrics = core, metrics
        self._first, self._second = rest.Rest(core, None), KServe(core)
        self._reloading = threading.Lock()

    def __call__(self, method, path, body, headers):
        if path == "/metrics" and method == "GET" and self._metrics:
            return 200, "text/plain", self._core.metrics.text().encode()
        if path == "/v2" or path.startswith("/v2/"):
            return self._second(method, path, body, headers)
        if (method, path) == ("GET", "/v1/config"):
            return 200, JSON, self._statuses()
        if (method, path) == ("POST", "/v1/config/reload"):
            return self._reload()
        return self._first(method, path, body, headers)

    def _reload(self):
        before = self._statuses()
        try:
            with self._reloading:
                self._core.manager.refresh()
        except Fault as fault:
            text = f"Reloading config file failed. Check server logs for more info: {fault.text}"
            return rest.HTTP_STATUS.get(fault.code, 500), JSON, json.dumps({"error": text}).encode()
        after = self._statuses()
        return (200 if after == before else 201), JSON, after

    def _statuses(self):
        options = {"including_default_value_fields": True, "preserving_proto_field_name": True}
        found = self._core.manager.statuses().items()
        return json.dumps({name: json_format.MessageToDict(status, **options) for name, status in found}, indent=1).encode()
