"""One version of a model: OpenVINO's files, compiled for the processor with the properties that its config names."""

import glob
import os

import numpy as np
import openvino
from lathe_tf import dtypes
from lathe_tf.errors import INTERNAL, NOT_FOUND, Fault, invalid
from lathe_tf.signature import DEFAULT_SIGNATURE, check_inputs, outputs_of
from lathe_tfs import log
from tensorflow.core.framework import types_pb2 as t
from tensorflow.core.protobuf import meta_graph_pb2

from .pool import Pool

# OpenVINO's element types and TensorFlow's.
TYPES = {
    "u8": t.DT_UINT8,
    "u16": t.DT_UINT16,
    "u32": t.DT_UINT32,
    "u64": t.DT_UINT64,
    "i8": t.DT_INT8,
    "i16": t.DT_INT16,
    "i32": t.DT_INT32,
    "i64": t.DT_INT64,
    "f16": t.DT_HALF,
    "f32": t.DT_FLOAT,
    "f64": t.DT_DOUBLE,
    "boolean": t.DT_BOOL,
}
_PRECISION = {dtype: name for name, dtype in TYPES.items()}
SHOWN = ("PERFORMANCE_HINT", "NUM_STREAMS", "INFERENCE_NUM_THREADS", "INFERENCE_PRECISION_HINT", "ENABLE_CPU_PINNING")

_core = openvino.Core()


class Servable:
    """Loads a version folder; raises Fault where that cannot be served. Safe to run from many threads at once."""

    def __init__(self, path, version, plugin):
        self.path, self.version = path, version
        files = sorted(glob.glob(os.path.join(path, "*.xml")))
        if not files:
            raise Fault(NOT_FOUND, f"Could not find file for model in path: {path}")
        self._model = _core.compile_model(_core.read_model(files[0]), "CPU", plugin)
        properties = {name: self._model.get_property(name) for name in SHOWN}
        log.info(f"{path}: " + ", ".join(f"{name} {_plain(value)}" for name, value in properties.items()))
        self.streams = int(properties["NUM_STREAMS"])
        # As many run at a time as the device can use; the others wait, as in the real server (`nireq`).
        count = max(1, self._model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = Pool(self._model.create_infer_request() for _ in range(count))
        signature = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
        self._inputs = _described(self._model.inputs, signature.inputs)
        self._outputs = _described(self._model.outputs, signature.outputs)
        self.signatures = {DEFAULT_SIGNATURE: signature}

    def run(self, signature, feeds, output_filter=()):
        """Arrays by output name, in the order of `output_filter` or of the names; `feeds` are Feed objects by input name."""
        definition = self.signatures[signature]
        check_inputs(definition, feeds)
        names = outputs_of(definition, output_filter)
        tensors = {self._inputs[name]: _array(name, feed, definition.inputs[name]) for name, feed in feeds.items()}
        request = self._requests.take()
        try:
            request.infer(tensors, share_inputs=True)
            return {name: request.get_tensor(self._outputs[name]).data.copy() for name in names}
        except RuntimeError as fault:
            raise Fault(INTERNAL, f"Internal inference error: {fault}") from None
        finally:
            self._requests.give(request)


def _described(ports, infos):
    """Ports by name, whose types and shapes are put down."""
    found = {}
    for port in ports:
        name = port.get_any_name()
        infos[name].name, infos[name].dtype = name, TYPES[port.get_element_type().get_type_name()]
        for size in port.get_partial_shape():
            infos[name].tensor_shape.dim.add(size=-1 if size.is_dynamic else size.get_length())
        found[name] = port
    return found


def _array(name, feed, info):
    """The input as OpenVINO takes it; Fault where type or shape is not the model's."""
    if feed.dtype != info.dtype:
        shown = [_PRECISION.get(dtype, "undefined").upper() for dtype in (info.dtype, feed.dtype)]
        raise invalid(f"Invalid input precision - Expected: {shown[0]}; Actual: {shown[1]}; input name: {name}")
    wanted = [dim.size for dim in info.tensor_shape.dim]
    _check_shape(name, wanted, feed.shape)
    kind = dtypes.NUMPY[feed.dtype]
    data = np.frombuffer(feed.data, kind) if isinstance(feed.data, bytes) else np.ascontiguousarray(feed.data, kind)
    return data.reshape(feed.shape)


def _check_shape(name, wanted, given):
    """Fault, in the real server's words, where a size that the model fixes is another."""
    fits = [size in (-1, other) for size, other in zip(wanted, given)]
    if len(wanted) == len(given) and all(fits):
        return
    expected, actual = (f"({','.join(map(str, sizes))})" for sizes in (wanted, given))
    what = "Invalid input shape"
    if len(wanted) != len(given):
        what = "Invalid number of shape dimensions"
    elif not fits[0]:
        what, expected, actual = "Invalid input batch size", wanted[0], given[0]
    raise invalid(f"{what} - Expected: {expected}; Actual: {actual}; input name: {name}")


def _plain(value):
    """A property as its documentation writes it: its enumerations and types have names of their own."""
    return getattr(value, "name", None) or getattr(value, "get_type_name", lambda: value)()
