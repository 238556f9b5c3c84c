"""SavedModels that pass their input on, loaded and called."""

import os
import tempfile
import unittest

import numpy as np

from lathe_tf import dtypes, saved_model
from lathe_tf.errors import DATA_LOSS, INVALID_ARGUMENT, NOT_FOUND, Fault
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2


def identity(folder, dtype):
    """Writes a SavedModel whose one signature gives back what it gets."""
    model = saved_model_pb2.SavedModel()
    meta = model.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    source = meta.graph_def.node.add(name="in", op="Placeholder")
    source.attr["dtype"].type = dtype
    node = meta.graph_def.node.add(name="out", op="Identity", input=["in"])
    node.attr["T"].type = dtype
    signature = meta.signature_def["serving_default"]
    signature.inputs["x"].name, signature.inputs["x"].dtype = "in:0", dtype
    signature.outputs["y"].name, signature.outputs["y"].dtype = "out:0", dtype
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(model.SerializeToString())
    return folder


class SavedModels(unittest.TestCase):
    """What other servers use of the package."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = self._folder.name

    def test_arrays_of_each_type_and_bytes_come_back(self):
        for dtype, kind in dtypes.NUMPY.items():
            model = saved_model.load(identity(self.folder, dtype), 1, 1)
            array = np.arange(6).reshape(2, 3).astype(kind)
            answer = model.call("serving_default", {"x": array})["y"]
            np.testing.assert_array_equal(answer, array)
            self.assertEqual(answer.dtype, kind)
        model = saved_model.load(identity(self.folder, types_pb2.DT_STRING))
        self.assertEqual(model.call("serving_default", {"x": [b"", b"\x00\xff"]})["y"].tolist(), [b"", b"\x00\xff"])

    def test_an_array_that_is_not_in_one_piece_is_passed_as_it_looks(self):
        model = saved_model.load(identity(self.folder, types_pb2.DT_UINT8))
        array = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-2, :]
        np.testing.assert_array_equal(model.call("serving_default", {"x": array})["y"], array)

    def test_what_cannot_be_loaded_or_called_is_a_fault_with_its_code(self):
        with self.assertRaises(Fault) as nothing:
            saved_model.load(self.folder)
        self.assertEqual(nothing.exception.code, NOT_FOUND)
        model = saved_model.load(identity(self.folder, types_pb2.DT_UINT8))
        for inputs in ({}, {"z": np.zeros(1, np.uint8)}, {"x": np.zeros(1, np.float32)}, {"x": [b"a"]}):
            with self.assertRaises(Fault) as fault:
                model.call("serving_default", inputs)
            self.assertEqual(fault.exception.code, INVALID_ARGUMENT)
        with self.assertRaises(Fault) as unknown:
            model.call("none", {"x": np.zeros(1, np.uint8)})
        self.assertEqual(unknown.exception.code, INVALID_ARGUMENT)
        with self.assertRaises(Fault) as complex_:
            model.call("serving_default", {"x": np.zeros(1, np.complex64)})
        self.assertEqual(complex_.exception.code, INVALID_ARGUMENT)
        with open(os.path.join(self.folder, "saved_model.pb"), "wb") as file:
            file.write(b"\xff" * 9)
        with self.assertRaises(Fault) as damaged:
            saved_model.load(self.folder)
        self.assertEqual(damaged.exception.code, DATA_LOSS)


if __name__ == "__main__":
    unittest.main()
