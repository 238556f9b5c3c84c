"""The models that are served: loads, keeps and drops versions, and finds them for requests."""

import os
import threading
import time

from tensorflow_serving.apis import get_model_status_pb2

from lathe_tf.errors import FAILED_PRECONDITION, NOT_FOUND, OK, UNKNOWN, Fault, invalid
from lathe_tf.memory import trim_memory

from . import log
from .config import aspired

State = get_model_status_pb2.ModelVersionStatus.State


class Version:
    """What is known of one version, served or not."""

    def __init__(self):
        self.state, self.code, self.text = State.START, OK, ""
        self.servable = None
        self.failures, self.retry_at = 0, 0.0
        self.wanted = True

    def become(self, state, code=OK, text=""):
        """A new state, as GetModelStatus will tell it."""
        self.state, self.code, self.text = state, code, text


class Manager:
    """All models. `look` is called by one thread; requests and reloads come from many.

    `load(path, version, flags)` makes a servable of a version's folder, or throws Fault.
    """

    def __init__(self, configs, flags, load):
        self._flags, self._load = flags, load
        self._reloading = threading.Lock()
        self._configs, self._versions, self._labels = {}, {}, {}
        self.reload(configs)

    def reload(self, configs):
        """Another config in the place of the one there is. Fault, and no change, where a label may not move like that.

        A label that another version has moves to a loaded one only; a new label may name any version where the flag allows.
        """
        with self._reloading:
            self._labels = {config.name: self._labels_of(config) for config in configs}
            for config in configs:
                self._versions.setdefault(config.name, {})
            self._configs = {config.name: config for config in configs}

    def _labels_of(self, config):
        held, before = self._versions.get(config.name, {}), self._labels.get(config.name, {})
        for label, number in config.labels.items():
            loaded = number in held and held[number].state == State.AVAILABLE
            moved = before.get(label, number) != number
            if not loaded and (moved or not self._flags.allow_version_labels_for_unavailable_models):
                raise Fault(
                    FAILED_PRECONDITION,
                    f"Request to assign label to version {number} of model {config.name}, "
                    "which is not currently available for inference",
                )
        return dict(config.labels)

    def look(self):
        """Compares each model's folder with what is served: new versions first, then the ones no longer wanted."""
        configs = self._configs
        for name in [name for name in list(self._versions) if name not in configs]:
            self._keep_only(name, [])
        for config in configs.values():
            found = _versions_in(config)
            if not found:
                continue
            wanted = aspired(found, config.policy)
            for version in reversed(wanted):
                self._bring_up(config, version)
            held = self._versions[config.name]
            if any(held[version].state == State.AVAILABLE for version in wanted):
                self._keep_only(config.name, wanted)
            for number, version in held.items():
                version.wanted = number in wanted
                if version.state == State.LOADING and not version.wanted:
                    version.become(State.END, UNKNOWN, "its load was given up: it is not wanted any more")

    def _keep_only(self, name, wanted):
        for number, version in self._versions[name].items():
            if number not in wanted and version.state == State.AVAILABLE:
                self._drop(name, number, version)

    def settled(self):
        """True once every model has a version that is available or will not be tried again."""
        final = (State.AVAILABLE, State.END)
        return all(any(v.state in final for v in self._versions[name].values()) for name in self._configs)

    def failures(self):
        """`(model, version, text)` of what could not be loaded."""
        return [
            (name, number, version.text)
            for name, held in self._versions.items()
            for number, version in held.items()
            if version.state == State.END and version.code != OK
        ]

    def _bring_up(self, config, number):
        version = self._versions[config.name].setdefault(number, Version())
        if version.state == State.END and (version.code == OK or not version.wanted):
            version = self._versions[config.name][number] = Version()  # dropped or given up once, wanted again
        waiting = version.state == State.LOADING and time.monotonic() >= version.retry_at
        if version.state != State.START and not waiting:
            return
        version.become(State.LOADING)
        log.info(f"Loading servable version {{name: {config.name} version: {number}}}")
        started = time.monotonic()
        try:
            version.servable = self._load(os.path.join(config.base_path, str(number)), number, self._flags)
        except Fault as fault:
            self._failed(config, number, version, fault.code, fault.text)
        except Exception as fault:  # whatever a broken folder makes TensorFlow or us throw
            self._failed(config, number, version, UNKNOWN, f"{type(fault).__name__}: {fault}")
        else:
            version.become(State.AVAILABLE)
            trim_memory()
            took = time.monotonic() - started
            log.info(
                f"Successfully loaded servable version {{name: {config.name} version: {number}}} in {took:.1f} s"
            )

    def _failed(self, config, number, version, code, text):
        version.failures += 1
        log.error(f"Loading servable: {{name: {config.name} version: {number}}} failed: {text}")
        if version.failures > self._flags.max_num_load_retries:
            version.become(State.END, code, text)
        else:
            version.become(State.LOADING)
            version.retry_at = time.monotonic() + self._flags.load_retry_interval_micros / 1e6

    def _drop(self, name, number, version):
        version.become(State.END)
        version.servable = None  # freed when the last request that uses it is done
        log.info(f"Unloaded servable version {{name: {name} version: {number}}}")

    def servable(self, spec):
        """The loaded version that a ModelSpec means; Fault where there is none."""
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        held, labels = self._versions.get(spec.name, {}), self._labels.get(spec.name, {})
        number = None
        choice = spec.WhichOneof("version_choice")
        if choice == "version":
            number = spec.version.value
        elif choice == "version_label":
            if spec.version_label not in labels:
                raise invalid(f"Unrecognized servable version label: {spec.version_label}")
            number = labels[spec.version_label]
        ready = {n: v.servable for n, v in list(held.items()) if v.servable is not None}
        found = ready.get(max(ready, default=None) if number is None else number)
        if found is None:
            asked = f"Latest({spec.name})" if number is None else f"Specific({spec.name}, {number})"
            raise Fault(NOT_FOUND, f"Servable not found for request: {asked}")
        return found

    def status(self, spec):
        """GetModelStatusResponse. A label is ignored, as the C++ server does."""
        held = dict(self._versions.get(spec.name, {}))
        if spec.HasField("version"):
            number = spec.version.value
            if number not in held:
                raise Fault(NOT_FOUND, f"Could not find version {number} of model {spec.name}")
            held = {number: held[number]}
        elif not held:
            raise Fault(NOT_FOUND, f"Could not find any versions of model {spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for number in sorted(held, reverse=True):
            version = held[number]
            entry = response.model_version_status.add(version=number, state=version.state)
            entry.status.error_code, entry.status.error_message = version.code, version.text
        return response


def _versions_in(config):
    try:
        with os.scandir(config.base_path) as entries:
            found = [int(entry.name) for entry in entries if entry.name.isdecimal() and entry.is_dir()]
    except OSError as fault:
        what = f"Could not find base path {config.base_path} for servable {config.name} with error {fault.strerror}"
        _once(log.error, f"FileSystemStoragePathSource encountered a filesystem access error: {what}")
        return []
    if not found:
        what = f"No versions of servable {config.name} found under base path {config.base_path}."
        _once(log.warning, f"{what} Did you forget to name your leaf directory as a number (eg. '/1/')?")
    return found


_last = {}


def _once(write, text):
    """Says the same thing once a minute, not once a look."""
    if time.monotonic() - _last.get(text, -60) >= 60:
        _last[text] = time.monotonic()
        write(text)
