"""The backend `tensorflow` of the lab's image: Triton's Python backend over TensorFlow's own session (lathe_tf).

It takes the place of Triton's backend in C++ of that name, which is in NVIDIA's image alone, and obeys the same model
configuration: a folder `model.savedmodel` in each version's, and the parameters of that backend.
"""

import glob
import json
import os

import numpy as np
import triton_python_backend_utils as pb_utils

FILE = "model.savedmodel"
DEFAULT_SIGNATURE = "serving_default"
# Where Lathe mounts the repository: what asks for a model's inputs and outputs is not told where the model lies.
REPOSITORY = "/models"


class TritonPythonModel:
    """One instance of a model: a process with a session of its own."""

    @staticmethod
    def auto_complete_config(config):
        """Inputs and outputs as the SavedModel's signature has them, where the configuration names none."""
        known = config.as_dict()
        folders = glob.glob(os.path.join(glob.escape(os.path.join(REPOSITORY, known["name"])), "[0-9]*", FILE))
        if known["input"] or known["output"] or not folders:
            return config
        from lathe_tf import saved_model

        newest = max(folders, key=lambda folder: int(os.path.basename(os.path.dirname(folder))))
        signature = saved_model.signatures_of(newest)[_parameter(known, "TF_SIGNATURE_DEF", DEFAULT_SIGNATURE)]
        for tensors, add in ((signature.inputs, config.add_input), (signature.outputs, config.add_output)):
            for name in sorted(tensors):
                dims = [dim.size for dim in tensors[name].tensor_shape.dim]
                dims = dims[1:] if known["max_batch_size"] > 0 else dims
                add({"name": name, "data_type": _type_of(tensors[name].dtype), "dims": dims or [1]})
        return config

    def initialize(self, args):
        from lathe_tf import memory, saved_model

        config = json.loads(args["model_config"])
        self._batched = config.get("max_batch_size", 0) > 0
        self._signature = _parameter(config, "TF_SIGNATURE_DEF", DEFAULT_SIGNATURE)
        threads = [int(_parameter(config, f"TF_NUM_{which}_THREADS", "0")) for which in ("INTRA", "INTER")]
        folder = os.path.join(args["model_repository"], args["model_version"], FILE)
        try:
            self._model = saved_model.load(folder, *threads)
        except Exception as fault:
            raise pb_utils.TritonModelException(str(fault)) from None
        self._trim = memory.trim_memory

    def execute(self, requests):
        """An answer for each request; those of one batch run as one."""
        if not self._batched or len(requests) == 1:
            return [answer for request in requests for answer in self._answers([request])]
        return self._answers(requests)

    def _answers(self, requests):
        try:
            inputs = [{t.name(): t.as_numpy() for t in request.inputs()} for request in requests]
            merged = inputs[0]
            if len(inputs) > 1:
                merged = {name: np.concatenate([one[name] for one in inputs]) for name in merged}
            outputs = self._model.call(self._signature, {name: _fed(value) for name, value in merged.items()})
            if self._trim is not None:
                # The session has optimised the graph at its first run: half of what that took would stay with the process.
                self._trim()
                self._trim = None
            sizes = [len(next(iter(one.values()))) for one in inputs] if len(inputs) > 1 else [None]
            return [_answer(request, part) for request, part in zip(requests, _parts(outputs, sizes))]
        except Exception as fault:
            error = pb_utils.TritonError(str(fault))
            return [pb_utils.InferenceResponse(error=error) for _ in requests]


def _parts(outputs, sizes):
    """The rows of each request, in order; all of them where there is one."""
    first = 0
    for size in sizes:
        last = None if size is None else first + size
        yield {name: array[first:last] if size is not None else array for name, array in outputs.items()}
        first = last


def _answer(request, outputs):
    asked = request.requested_output_names()
    tensors = [pb_utils.Tensor(name, np.ascontiguousarray(outputs[name])) for name in outputs if name in asked]
    return pb_utils.InferenceResponse(output_tensors=tensors)


def _fed(value):
    return list(value.ravel()) if value.dtype == object else value


def _parameter(config, name, otherwise):
    return config.get("parameters", {}).get(name, {}).get("string_value", otherwise)


def _type_of(dtype):
    from lathe_tf import dtypes

    if dtype not in dtypes.NUMPY:
        return "TYPE_STRING"
    numpy = dtypes.NUMPY[dtype]
    if numpy.kind == "b":
        return "TYPE_BOOL"
    return f"TYPE_{ {'f': 'FP', 'u': 'UINT', 'i': 'INT'}[numpy.kind] }{8 * numpy.itemsize}"
