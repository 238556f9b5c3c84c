"""One version of a model: a SavedModel in a session of its own, warmed up."""

import os
import struct

from tensorflow_serving.apis import prediction_log_pb2

from lathe_tf.saved_model import SavedModel, session_config
from lathe_tf.signature import DEFAULT_SIGNATURE

from .tensor_proto import feed_of

WARMUP_LIMIT = 1000


class Servable(SavedModel):
    """Loads a version folder; raises Fault where that cannot be served. Its checks are those of TF Serving's predict_util.cc."""

    def __init__(self, path, version, flags):
        threads = flags.tensorflow_intra_op_parallelism, flags.tensorflow_inter_op_parallelism
        super().__init__(path, session_config(*threads), flags.saved_model_tags.split(","))
        self.version = version
        self._warm_up()

    def _warm_up(self):
        """Replays assets.extra/tf_serving_warmup_requests: a TFRecord of PredictionLog."""
        path = os.path.join(self.path, "assets.extra", "tf_serving_warmup_requests")
        if not os.path.exists(path):
            return
        for i, record in enumerate(_records(path)):
            if i == WARMUP_LIMIT:
                break
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.HasField("predict_log"):
                request = log.predict_log.request
                feeds = {name: feed_of(name, proto) for name, proto in request.inputs.items()}
                self.run(request.model_spec.signature_name or DEFAULT_SIGNATURE, feeds, request.output_filter)


def _records(path):
    with open(path, "rb") as file:
        while header := file.read(12):
            (length,) = struct.unpack("<Q", header[:8])
            yield file.read(length)
            file.read(4)
