"""The series of the real server that tell of requests, in Prometheus' text form."""

import threading

from lathe_tfs.metrics import Histogram, escape, histogram_lines

# By what the front ends call an API and its transport.
_INTERFACES = {"GRPC": "gRPC", "REST": "REST"}


class Metrics:
    """Thread-safe. The same calls as the front ends of the other stand-in make."""

    def __init__(self, manager):
        self._manager = manager
        self._lock = threading.Lock()
        self._counts = {"success": {}, "fail": {}}
        self._times = {"request": {}, "inference": {}}

    def request(self, model, code, api, entrypoint, seconds):
        """A request was answered; only good answers count into the time."""
        name, interface = f'name="{escape(model)}"', f'interface="{_INTERFACES[entrypoint]}"'
        kserve = api == "ModelInfer"
        labels = f'api="{"KServe" if kserve else "TensorFlowServing"}",{interface},method="{"ModelInfer" if kserve else "Predict"}",{name}'
        with self._lock:
            counts = self._counts["fail" if code else "success"]
            counts[labels] = counts.get(labels, 0) + 1
            if code == 0:
                self._times["request"].setdefault(f"{interface},{name}", Histogram()).add(seconds * 1e6)

    def runtime(self, model, seconds):
        """OpenVINO ran."""
        with self._lock:
            self._times["inference"].setdefault(f'name="{escape(model)}"', Histogram()).add(seconds * 1e6)

    def text(self):
        """The page that Prometheus reads."""
        lines = ["# TYPE ovms_streams gauge"]
        for name, version, servable in self._manager.served():
            lines.append(f'ovms_streams{{name="{escape(name)}",version="{version}"}} {servable.streams}')
        with self._lock:
            for kind, counts in self._counts.items():
                lines.append(f"# TYPE ovms_requests_{kind} counter")
                lines += [f"ovms_requests_{kind}{{{labels}}} {count}" for labels, count in counts.items()]
            for kind, times in self._times.items():
                lines.append(f"# TYPE ovms_{kind}_time_us histogram")
                for labels, histogram in times.items():
                    lines += histogram_lines(f"ovms_{kind}_time_us", labels, histogram)
        return "\n".join(lines) + "\n"
