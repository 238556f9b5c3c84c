"""The three series of TF Serving that tell about requests, in Prometheus' text form."""

import threading

from tensorflow.core.protobuf.error_codes_pb2 import Code

# Microseconds: 33 buckets from 10, each 1.8 times the one before (TF Serving's own).
BOUNDS = [10 * 1.8**i for i in range(33)]


class Histogram:
    """Counts by bucket, sum and count."""

    def __init__(self):
        self.buckets, self.total, self.count = [0] * (len(BOUNDS) + 1), 0.0, 0

    def add(self, value):
        """One observation in microseconds."""
        index = next((i for i, bound in enumerate(BOUNDS) if value < bound), len(BOUNDS))
        self.buckets[index] += 1
        self.total += value
        self.count += 1


class Metrics:
    """Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests = {}
        self._series = {"request_latency": {}, "runtime_latency": {}}

    def request(self, model, code, api, entrypoint, seconds):
        """A request was answered; only good answers count into the latency."""
        with self._lock:
            key = (model, Code.Name(code))
            self._requests[key] = self._requests.get(key, 0) + 1
            if code == 0:
                labels = f'model_name="{escape(model)}",API="{api}",entrypoint="{entrypoint}"'
                self._series["request_latency"].setdefault(labels, Histogram()).add(seconds * 1e6)

    def runtime(self, model, seconds):
        """The session ran."""
        with self._lock:
            labels = f'model_name="{escape(model)}",API="Predict",runtime="TF1"'
            self._series["runtime_latency"].setdefault(labels, Histogram()).add(seconds * 1e6)

    def text(self):
        """The page that Prometheus reads."""
        lines = ["# TYPE :tensorflow:serving:request_count counter"]
        with self._lock:
            for (model, status), count in self._requests.items():
                labels = f'model_name="{escape(model)}",status="{status}"'
                lines.append(f":tensorflow:serving:request_count{{{labels}}} {count}")
            for name, series in self._series.items():
                lines.append(f"# TYPE :tensorflow:serving:{name} histogram")
                for labels, histogram in series.items():
                    lines += histogram_lines(f":tensorflow:serving:{name}", labels, histogram)
        return "\n".join(lines) + "\n"


def histogram_lines(name, labels, histogram):
    """A histogram in Prometheus' text form."""
    seen = 0
    for bound, count in zip([*BOUNDS, "+Inf"], histogram.buckets):
        seen += count
        yield f'{name}_bucket{{{labels},le="{bound}"}} {seen}'
    # Six digits, as absl::StrCat prints a double: what reads the real server's sums must bear it.
    yield f"{name}_sum{{{labels}}} {histogram.total:g}"
    yield f"{name}_count{{{labels}}} {histogram.count}"


def escape(text):
    """A label's value as it stands between quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
