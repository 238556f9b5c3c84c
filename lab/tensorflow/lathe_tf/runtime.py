"""TensorFlow's C API, as much of it as serving needs: a session over a graph, run by tensor names.

These are the calls that the C++ server ends in (Session::Create and Session::Run), so its checks and texts are
TensorFlow's own. ctypes lets go of Python's lock during a call, so requests run side by side.
"""

import ctypes as c
import os

import numpy as np
from tensorflow.core.framework import types_pb2

from . import dtypes
from .errors import UNIMPLEMENTED, Fault
from .protos import TENSORFLOW_FOLDER

_STRING_BYTES = 24  # sizeof(TF_TString)

_lib = c.CDLL(os.path.join(TENSORFLOW_FOLDER, "libtensorflow_cc.so.2"))


def _declare(name, result, *arguments):
    function = getattr(_lib, name)
    function.restype = result
    function.argtypes = arguments
    return function


_P, _PP, _I, _Z = c.c_void_p, c.POINTER(c.c_void_p), c.c_int, c.c_size_t
_DIMS, _NAMES = c.POINTER(c.c_int64), c.POINTER(c.c_char_p)

_version = _declare("TF_Version", c.c_char_p)
_new_status = _declare("TF_NewStatus", _P)
_delete_status = _declare("TF_DeleteStatus", None, _P)
_get_code = _declare("TF_GetCode", _I, _P)
_message = _declare("TF_Message", c.c_char_p, _P)
_new_options = _declare("TF_NewSessionOptions", _P)
_delete_options = _declare("TF_DeleteSessionOptions", None, _P)
_set_config = _declare("TF_SetConfig", None, _P, c.c_char_p, _Z, _P)
_new_session = _declare("TF_NewDeprecatedSession", _P, _P, _P)
_close_session = _declare("TF_CloseDeprecatedSession", None, _P, _P)
_delete_session = _declare("TF_DeleteDeprecatedSession", None, _P, _P)
_extend_graph = _declare("TF_ExtendGraph", None, _P, c.c_char_p, _Z, _P)
_run = _declare("TF_Run", None, _P, _P, _NAMES, _PP, _I, _NAMES, _PP, _I, _NAMES, _I, _P, _P)
_allocate = _declare("TF_AllocateTensor", _P, _I, _DIMS, _I, _Z)
_delete_tensor = _declare("TF_DeleteTensor", None, _P)
_tensor_type = _declare("TF_TensorType", _I, _P)
_num_dims = _declare("TF_NumDims", _I, _P)
_dim = _declare("TF_Dim", c.c_int64, _P, _I)
_data = _declare("TF_TensorData", _P, _P)
_byte_size = _declare("TF_TensorByteSize", _Z, _P)
_string_init = _declare("TF_StringInit", None, _P)
_string_view = _declare("TF_StringAssignView", None, _P, c.c_char_p, _Z)
_string_data = _declare("TF_StringGetDataPointer", _P, _P)
_string_size = _declare("TF_StringGetSize", _Z, _P)


def version():
    """The library's own version."""
    return _version().decode()


class Session:
    """One loaded graph. Safe to run from many threads at once."""

    def __init__(self, graph_def, config):
        """`graph_def` and `config` are serialised GraphDef and ConfigProto."""
        self._session = None
        status, options = _new_status(), _new_options()
        try:
            _set_config(options, config, len(config), status)
            _check(status)
            self._session = _new_session(options, status)
            _check(status)
            _extend_graph(self._session, graph_def, len(graph_def), status)
            _check(status)
        finally:
            _delete_options(options)
            _delete_status(status)

    def run(self, feeds, fetches, targets=()):
        """Feeds by tensor name; arrays of the fetched tensors in order (strings as object arrays of bytes)."""
        status = _new_status()
        tensors = []
        outputs = (c.c_void_p * len(fetches))()
        try:
            for feed in feeds.values():
                tensors.append(_tensor_of(feed))
            given = _names(feeds), (c.c_void_p * len(tensors))(*tensors), len(tensors)
            asked = _names(fetches), outputs, len(fetches)
            _run(self._session, None, *given, *asked, _names(targets), len(targets), None, status)
            _check(status)
            return [_array_of(output) for output in outputs]
        finally:
            for tensor in [*tensors, *outputs]:
                if tensor:
                    _delete_tensor(tensor)
            _delete_status(status)

    def __del__(self):
        if getattr(self, "_session", None):
            status = _new_status()
            _close_session(self._session, status)
            _delete_session(self._session, status)
            _delete_status(status)


def _check(status):
    code = _get_code(status)
    if code:
        raise Fault(code, _message(status).decode("utf-8", "replace"))


def _names(names):
    return (c.c_char_p * len(names))(*[name.encode() for name in names])


def _tensor_of(feed):
    """Copies a feed into memory aligned as TensorFlow likes it: the only copy that is made of a request's pixels."""
    dims = (c.c_int64 * len(feed.shape))(*feed.shape)
    if feed.dtype == types_pb2.DT_STRING:
        # Views: the strings stay Python's, which holds them in `feed` until the run is over.
        tensor = _allocate(feed.dtype, dims, len(feed.shape), _STRING_BYTES * len(feed.data))
        base = _data(tensor)
        for i, value in enumerate(feed.data):
            _string_init(base + i * _STRING_BYTES)
            _string_view(base + i * _STRING_BYTES, value, len(value))
        return tensor
    source = feed.data if isinstance(feed.data, bytes) else np.ascontiguousarray(feed.data)
    size = len(source) if isinstance(source, bytes) else source.nbytes
    tensor = _allocate(feed.dtype, dims, len(feed.shape), size)
    c.memmove(_data(tensor), source if isinstance(source, bytes) else source.ctypes.data, size)
    return tensor


def _array_of(tensor):
    dtype = _tensor_type(tensor)
    shape = [_dim(tensor, i) for i in range(_num_dims(tensor))]
    base, size = _data(tensor), _byte_size(tensor)
    if dtype == types_pb2.DT_STRING:
        places = range(base, base + size, _STRING_BYTES) if size else []
        array = np.empty(len(places), object)
        array[:] = [c.string_at(_string_data(place), _string_size(place)) for place in places]
        return array.reshape(shape)
    if dtype not in dtypes.NUMPY:
        raise Fault(UNIMPLEMENTED, f"outputs of type {dtypes.name(dtype)} are not supported")
    return np.frombuffer(c.string_at(base, size) if size else b"", dtypes.NUMPY[dtype]).reshape(shape)
