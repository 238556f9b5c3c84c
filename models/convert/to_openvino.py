"""usage: python -m convert.to_openvino SAVED_MODEL MODEL OUT

Makes OUT/version (OpenVINO's `model.xml` and `model.bin`, float32) and OUT/model.tar (the same, packed) of a SavedModel's
`serving_default`. Byte for byte the same each time.
"""

import os
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

SIGNATURE = "serving_default"
NMS = "CombinedNonMaxSuppression"


def main(saved_model, model, out):
    """Cuts the network out, converts, saves, packs."""
    import openvino

    from . import openvino_nms
    from .__main__ import pack

    graph, signature, single = cut(os.path.join(saved_model, "saved_model.pb"))
    with tempfile.NamedTemporaryFile(suffix=".pb") as file:
        file.write(graph.SerializeToString(deterministic=True))
        file.flush()
        network = openvino.convert_model(file.name, extension=[openvino_nms.extension(NMS)] if single else None)
    name(network, signature)
    folder = Path(out, "version")
    folder.mkdir(parents=True)
    openvino.save_model(network, str(folder / "model.xml"), compress_to_fp16=False)
    without_traces(folder / "model.xml", model)
    pack(folder, os.path.join(out, "model.tar"))


def cut(path):
    """The network alone as a frozen GraphDef, its signature, and whether it takes one image at a time.

    The input's node becomes a placeholder, so that what decodes a JPEG before it falls away.
    """
    from tensorflow.core.framework import types_pb2
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import graph_util

    with open(path, "rb") as file:
        (meta,) = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs
    signature = meta.signature_def[SIGNATURE]
    (source,) = [info.name.split(":")[0] for info in signature.inputs.values()]
    single = False
    for node in meta.graph_def.node:
        single = single or node.op == NMS
        if node.name == source:
            node.Clear()
            node.name, node.op = source, "Placeholder"
            node.attr["dtype"].type = types_pb2.DT_UINT8
    for node in meta.graph_def.node:
        if node.name == source:
            for size in (1 if single else -1, -1, -1, 3):
                node.attr["shape"].shape.dim.add(size=size)
    outputs = [info.name.split(":")[0] for info in signature.outputs.values()]
    return graph_util.extract_sub_graph(meta.graph_def, sorted(outputs)), signature, single


def name(network, signature):
    """Gives inputs and outputs the signature's names: by these a server knows them."""
    for ports, infos in ((network.inputs, signature.inputs), (network.outputs, signature.outputs)):
        wanted = {info.name: key for key, info in infos.items()}
        for port in ports:
            # A frozen graph's tensors have the node's name, with and without the output's number.
            (key,) = {wanted.get(n) or wanted.get(f"{n}:0") for n in port.names} - {None}
            port.get_tensor().set_names({key})


def without_traces(path, model):
    """Takes out what the converter notes of its run (versions, the path that it read from), and gives the network the model's name."""
    tree = ElementTree.parse(path)
    network = tree.getroot()
    network.set("name", model)
    for notes in network.findall("rt_info"):
        network.remove(notes)
    tree.write(path, encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
