"""The models of a config file, in the states and words of the real server."""

import os
import threading

from lathe_tf.errors import NOT_FOUND, UNKNOWN, Fault
from lathe_tfs import log
from lathe_tfs.manager import Manager, State
from tensorflow_serving.apis import get_model_status_pb2

from . import config
from .servable import Servable


class Models(Manager):
    """Loads what the config names, and looks again when it is asked to."""

    def __init__(self, flags):
        self._read = config.read(flags)
        self.metrics = self._read.metrics
        self._looking = threading.Lock()
        self.ready = False
        super().__init__(self._read.models, flags, self._servable)

    def refresh(self):
        """Reads the config file again and loads what is new in it. Fault, and no change, where it makes no sense."""
        with self._looking:
            self._read = config.read(self._flags)
            self.reload(self._read.models)
            self.look()
            self.ready = True

    def _servable(self, path, version, _flags):
        folder = os.path.dirname(path)
        (name,) = [model.name for model in self._read.models if model.base_path.rstrip("/") == folder.rstrip("/")][:1]
        return Servable(path, version, self._read.plugins[name])

    def _failed(self, config, number, version, code, text):
        """The real server stays up, tells no reason but its log's, and does not try again."""
        log.error(f"Cannot load model: {config.name}; version: {number}; error: {text}")
        version.become(State.LOADING, UNKNOWN, "UNKNOWN")
        version.retry_at = float("inf")

    def servable(self, spec):
        """The loaded version that a ModelSpec means; Fault where there is none. Labels are not known."""
        if spec.name not in self._configs:
            raise Fault(NOT_FOUND, "Model with requested name is not found")
        if spec.version_label:
            spec.ClearField("version_label")
        try:
            return super().servable(spec)
        except Fault:
            held = self._versions[spec.name]
            loading = spec.version.value in held or (not spec.HasField("version") and held)
            what = "is not loaded yet" if loading else "is not found"
            raise Fault(NOT_FOUND, f"Model with requested version {what}") from None

    def served(self):
        """(name, version, servable) of everything that is loaded."""
        return [(n, v, version.servable) for n, held in self._versions.items() for v, version in held.items() if version.servable]

    def statuses(self):
        """GetModelStatusResponse by model."""
        responses = {}
        for name, held in list(self._versions.items()):
            responses[name] = get_model_status_pb2.GetModelStatusResponse()
            for number, version in sorted(held.items(), reverse=True):
                entry = responses[name].model_version_status.add(version=number, state=version.state)
                entry.status.error_code, entry.status.error_message = version.code, version.text or "OK"
        return responses
