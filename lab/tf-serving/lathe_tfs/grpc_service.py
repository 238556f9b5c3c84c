"""gRPC: PredictionService and ModelService on the official stubs."""

import functools
import time
from concurrent import futures

import grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from lathe_tf.errors import INTERNAL, Fault, invalid

from . import NAME, VERSION, config
from .tensor_proto import feed_of, proto_of

MESSAGE_LIMIT = 2**31 - 1
GRPC_TEXT_LIMIT = 1024
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Service(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    """Each method: the core's answer, or its fault as a status."""

    def __init__(self, core):
        self._core = core

    def add_to(self, server):
        """Has a server offer the methods."""
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(self, server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(self, server)

    def Predict(self, request, context):
        """Runs a signature."""
        count = functools.partial(self._core.metrics.request, request.model_spec.name)
        return timed(context, lambda: self._predict(request), lambda code, s: count(code, "Predict", "GRPC", s))

    def _predict(self, request):
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        feeds = {name: feed_of(name, proto) for name, proto in request.inputs.items()}
        servable, signature, outputs = self._core.predict(request.model_spec, feeds, request.output_filter)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.signature_name = signature
        response.model_spec.version.value = servable.version
        types = servable.signatures[signature].outputs
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(proto_of(array, types[name].dtype))
        return response

    def GetModelMetadata(self, request, context):
        """Signatures."""
        return answered(context, lambda: self._core.metadata(request)[0])

    def GetModelStatus(self, request, context):
        """Versions and their states."""
        return answered(context, lambda: self._core.status(request))

    def HandleReloadConfigRequest(self, request, context):
        """Another config. Unlike TF Serving's, the answer does not wait until models that are new are loaded."""
        return answered(context, lambda: self._reload(request))

    def _reload(self, request):
        self._core.manager.reload(config.of_message(request.config))
        return model_management_pb2.ReloadConfigResponse()


class Aborted(Exception):
    """The call's status is set; grpc ends it quietly."""

    def __init__(self, code):
        super().__init__()
        self.code = code


def answered(context, answer):
    """The answer, or its fault as the call's status."""
    context.set_trailing_metadata((("server", f"{NAME}/{VERSION}"),))
    try:
        return answer()
    except Fault as fault:
        code, text = fault.code, fault.text
    except Exception as fault:  # a fault of ours must be told, not hidden
        code, text = INTERNAL, f"{type(fault).__name__}: {fault}"
    if len(text) > GRPC_TEXT_LIMIT:
        text = text[:GRPC_TEXT_LIMIT] + "...TRUNCATED"
    try:
        context.abort(_CODES.get(code, grpc.StatusCode.UNKNOWN), text)
    except Exception:
        raise Aborted(code) from None


def timed(context, answer, count):
    """The answer, or its fault as the call's status; `count` gets the status code and the seconds that it took."""
    started, code = time.perf_counter(), INTERNAL
    try:
        response = answered(context, answer)
        code = 0
        return response
    except Aborted as fault:
        code = fault.code
        raise
    finally:
        count(code, time.perf_counter() - started)


def serve(services, port, threads, credentials=None):
    """A started server with services that have `add_to(server)`; without credentials in the clear."""
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(threads), options=[*limits, ("grpc.so_reuseport", 0)])
    for service in services:
        service.add_to(server)
    address = f"0.0.0.0:{port}"
    bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    if bound != port:
        raise SystemExit(f"cannot listen on port {port}")
    server.start()
    return server
