"""A SavedModel in a session of its own."""

import os

import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, saved_model_pb2

from . import dtypes
from .errors import DATA_LOSS, NOT_FOUND, Fault, invalid
from .feed import Feed
from .runtime import Session
from .signature import check_inputs, outputs_of

INIT_SIGNATURE = "__saved_model_init_op"


def session_config(intra_op_threads=0, inter_op_threads=0):
    """A serialised ConfigProto; 0 leaves a number to TensorFlow. The graph never grows, so TensorFlow need not keep a copy."""
    config = config_pb2.ConfigProto(
        intra_op_parallelism_threads=intra_op_threads,
        inter_op_parallelism_threads=inter_op_threads,
    )
    config.experimental.optimize_for_static_graph = True
    config.experimental.disable_output_partition_graphs = True
    return config.SerializeToString()


def load(path, intra_op_threads=0, inter_op_threads=0):
    """The SavedModel of a folder, ready to be called; raises Fault where it cannot be loaded."""
    return SavedModel(path, session_config(intra_op_threads, inter_op_threads))


def signatures_of(path, tags=("serve",)):
    """SignatureDefs by name, without loading the model; raises Fault where it cannot be read."""
    return dict(_meta_graph(path, set(tags)).signature_def.items())


class SavedModel:
    """Loads a version folder; raises Fault where that cannot be served."""

    def __init__(self, path, config, tags=("serve",)):
        self.path = path
        meta = _meta_graph(path, set(tags))
        self.signatures = dict(meta.signature_def.items())
        graph = meta.graph_def.SerializeToString()
        meta.ClearField("graph_def")
        self._session = Session(graph, config)
        del graph
        self._initialise(meta)

    def call(self, signature, inputs):
        """Arrays by output name. `inputs` by name: numpy arrays, or lists of bytes for strings. Raises Fault."""
        if signature not in self.signatures:
            raise invalid(f"the model has no signature {signature}: it has {', '.join(sorted(self.signatures))}")
        return self.run(signature, {name: _feed_of(name, value) for name, value in inputs.items()})

    def run(self, signature, feeds, output_filter=()):
        """Arrays by output name, in the order of `output_filter` or of the names.

        `feeds` are Feed objects by input name. They are checked before the session sees them.
        """
        definition = self.signatures[signature]
        check_inputs(definition, feeds)
        outputs = outputs_of(definition, output_filter)
        by_tensor = {definition.inputs[name].name: feeds[name] for name in sorted(feeds)}
        arrays = self._session.run(by_tensor, [definition.outputs[name].name for name in outputs])
        return dict(zip(outputs, arrays))

    def _initialise(self, meta):
        """Restores variables and runs the init op, where there are any, as the SavedModel loader does."""
        assets = {}
        for packed in meta.collection_def["saved_model_assets"].any_list.value if meta.collection_def else ():
            asset = meta_graph_pb2.AssetFileDef()
            packed.Unpack(asset)
            file = os.path.join(self.path, "assets", asset.filename).encode()
            assets[asset.tensor_info.name] = Feed(types_pb2.DT_STRING, (), [file])
        variables = os.path.join(self.path, "variables", "variables")
        if os.path.exists(variables + ".index"):
            name = Feed(types_pb2.DT_STRING, (), [variables.encode()])
            saver = meta.saver_def
            self._session.run({saver.filename_tensor_name: name, **assets}, [], [saver.restore_op_name])
        for init in _init_ops(meta):
            self._session.run(assets, [], [init])


def _feed_of(name, value):
    if isinstance(value, np.ndarray):
        if value.dtype not in dtypes.OF_NUMPY:
            raise invalid(f"input {name}: arrays of type {value.dtype} are not supported")
        return Feed(dtypes.OF_NUMPY[value.dtype], value.shape, value)
    return Feed(types_pb2.DT_STRING, (len(value),), list(value))


def _meta_graph(path, tags):
    file = os.path.join(path, "saved_model.pb")
    model = saved_model_pb2.SavedModel()
    try:
        with open(file, "rb") as source:
            model.ParseFromString(source.read())
    except OSError:
        text = f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}."
        raise Fault(NOT_FOUND, text) from None
    except Exception:
        raise Fault(DATA_LOSS, f"Can't parse {file} as binary proto") from None
    for meta in model.meta_graphs:
        if set(meta.meta_info_def.tags) == tags:
            return meta
    text = f"Could not find meta graph def matching supplied tags: {{ {' '.join(sorted(tags))} }}."
    raise Fault(NOT_FOUND, text)


def _init_ops(meta):
    if INIT_SIGNATURE in meta.signature_def:
        return [info.name.split(":")[0] for info in meta.signature_def[INIT_SIGNATURE].outputs.values()]
    for key in ("saved_model_main_op", "legacy_init_op"):
        if key in meta.collection_def:
            return list(meta.collection_def[key].node_list.value)
    return []
