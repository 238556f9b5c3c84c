"""TF Serving's calls as the real server answers them."""

from lathe_tf.errors import UNIMPLEMENTED, Fault, invalid
from lathe_tfs import grpc_service, predict
from lathe_tfs.tensor_proto import feed_of
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2


class Core(predict.Core):
    """A model has one signature, and requests need not name it."""

    def predict(self, spec, feeds, output_filter=()):
        """(servable, signature name, arrays by output name)."""
        spec.signature_name = ""
        return super().predict(spec, feeds, output_filter)


class Service(grpc_service.Service):
    """PredictionService and ModelService: answers have their numbers as bytes, and a config is not taken by a call."""

    def _predict(self, request):
        if not request.HasField("model_spec"):
            raise invalid("model_spec missing in request")
        feeds = {name: feed_of(name, proto) for name, proto in request.inputs.items()}
        servable, _, outputs = self._core.predict(request.model_spec, feeds, request.output_filter)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = servable.version
        (signature,) = servable.signatures.values()
        for name, array in outputs.items():
            proto = tensor_pb2.TensorProto(dtype=signature.outputs[name].dtype, tensor_content=array.tobytes())
            for size in array.shape:
                proto.tensor_shape.dim.add(size=size)
            response.outputs[name].CopyFrom(proto)
        return response

    def _reload(self, _request):
        raise Fault(UNIMPLEMENTED, "the config is a file: POST /v1/config/reload")
