"""KServe v2 over gRPC."""

import functools

import grpc
from lathe_tf.errors import invalid
from lathe_tfs.grpc_service import answered, timed

from . import messages, model
from .tensors import contents_field, datatype_of, described, dtype_of, feed_of


class Service:
    """Each method: the core's answer, or its fault as a status."""

    def __init__(self, core):
        self._core = core

    def add_to(self, server):
        """Has a server offer the methods."""
        handlers = {}
        for name in messages.METHODS:
            handlers[name] = grpc.unary_unary_rpc_method_handler(
                self._handler(name),
                request_deserializer=messages.message(f"{name}Request").FromString,
                response_serializer=lambda response: response.SerializeToString(),
            )
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(messages.SERVICE, handlers)])

    def _handler(self, name):
        if name == "ModelInfer":
            return self._timed
        return lambda request, context: answered(context, lambda: getattr(self, name)(request))

    def ServerLive(self, _request):
        """A server that answers is live."""
        return messages.message("ServerLiveResponse")(live=True)

    def ServerReady(self, _request):
        """Ready once it has tried to load every model, whatever came of it."""
        return messages.message("ServerReadyResponse")(ready=self._core.manager.ready)

    def ModelReady(self, request):
        """Fault where there is no such model."""
        self._core.manager.servable(model.spec(request.name, request.version))
        return messages.message("ModelReadyResponse")(ready=True)

    def ServerMetadata(self, _request):
        """Says what it is."""
        return messages.message("ServerMetadataResponse")(**model.SERVER)

    def ModelMetadata(self, request):
        """Names, types and shapes of what goes in and out."""
        servable = self._core.manager.servable(model.spec(request.name, request.version))
        response = messages.message("ModelMetadataResponse")(name=request.name, platform=model.PLATFORM)
        response.versions.append(str(servable.version))
        (signature,) = servable.signatures.values()
        for into, infos in ((response.inputs, signature.inputs), (response.outputs, signature.outputs)):
            for name, datatype, shape in described(infos):
                into.add(name=name, datatype=datatype, shape=shape)
        return response

    def _timed(self, request, context):
        count = functools.partial(self._core.metrics.request, request.model_name)
        return timed(context, lambda: self.ModelInfer(request), lambda code, s: count(code, "ModelInfer", "GRPC", s))

    def ModelInfer(self, request):
        """Tensors as bytes are answered with bytes, those in fields with fields."""
        raw = list(request.raw_input_contents)
        if raw and len(raw) != len(request.inputs):
            raise invalid(f"Invalid number of raw_input_contents - Expected: {len(request.inputs)}; Actual: {len(raw)}")
        feeds = {}
        for i, tensor in enumerate(request.inputs):
            feeds[tensor.name] = feed_of(tensor.name, tensor.datatype, tensor.shape, raw[i] if raw else _values(tensor))
        spec = model.spec(request.model_name, request.model_version)
        servable, _, outputs = self._core.predict(spec, feeds, [output.name for output in request.outputs])
        response = messages.message("ModelInferResponse")(model_name=request.model_name, id=request.id)
        response.model_version = str(servable.version)
        for name, array in outputs.items():
            datatype = datatype_of(array)
            tensor = response.outputs.add(name=name, datatype=datatype, shape=array.shape)
            if raw:
                response.raw_output_contents.append(array.tobytes())
            else:
                getattr(tensor.contents, contents_field(datatype)).extend(array.ravel().tolist())
        return response


def _values(tensor):
    dtype_of(tensor.name, tensor.datatype)
    field = contents_field(tensor.datatype)
    if field is None:
        raise invalid(f"{tensor.datatype} is served as raw_input_contents only; input name: {tensor.name}")
    return list(getattr(tensor.contents, field))
