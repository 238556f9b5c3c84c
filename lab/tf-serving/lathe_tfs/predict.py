"""Predict, metadata and status, the same for both protocols."""

import time

from tensorflow_serving.apis import get_model_metadata_pb2

from lathe_tf.errors import FAILED_PRECONDITION, Fault, invalid
from lathe_tf.signature import DEFAULT_SIGNATURE


class Core:
    """What both front ends call."""

    def __init__(self, manager, metrics):
        self.manager, self.metrics = manager, metrics

    def predict(self, spec, feeds, output_filter=()):
        """(servable, signature name, arrays by output name)."""
        servable = self.manager.servable(spec)
        name = spec.signature_name or DEFAULT_SIGNATURE
        if name not in servable.signatures:
            raise Fault(FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
        started = time.perf_counter()
        outputs = servable.run(name, feeds, output_filter)
        self.metrics.runtime(spec.name, time.perf_counter() - started)
        return servable, name, outputs

    def metadata(self, request):
        """(GetModelMetadataResponse, its SignatureDefMap)."""
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        servable = self.manager.servable(request.model_spec)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = servable.version
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response.metadata["signature_def"].Pack(signatures)
        return response, signatures

    def status(self, request):
        """GetModelStatusResponse."""
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        return self.manager.status(request.model_spec)
