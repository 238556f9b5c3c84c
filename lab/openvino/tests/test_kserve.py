"""KServe v2's tensors, both ways."""

import unittest

import numpy as np
from lathe_ov.kserve import messages, tensors
from lathe_tf.errors import Fault


class Tensors(unittest.TestCase):
    def test_bytes_and_numbers_fill_the_shape(self):
        self.assertEqual(tensors.feed_of("x", "UINT8", [2, 3], bytes(6)).data, bytes(6))
        feed = tensors.feed_of("x", "FP32", [2, 1], [1, 2])
        self.assertEqual([feed.shape, feed.data.dtype, feed.data.ravel().tolist()], [(2, 1), np.float32, [1, 2]])
        self.assertEqual(tensors.feed_of("x", "INT64", [], [5]).data.shape, ())

    def test_what_does_not_fill_it_is_refused(self):
        for datatype, shape, data in (
            ("UINT8", [2, 3], bytes(5)),
            ("FP32", [2], bytes(4)),
            ("UINT8", [2], [1]),
            ("UINT8", [-1], []),
            ("STRING", [1], [1]),
            ("", [1], [1]),
            ("UINT8", [2**40, 2**40], b""),
        ):
            with self.assertRaises(Fault, msg=(datatype, shape)):
                tensors.feed_of("x", datatype, shape, data)

    def test_an_array_names_its_type(self):
        named = [tensors.datatype_of(np.zeros(1, kind)) for kind in (np.float32, np.int64, np.uint8, np.bool_)]
        self.assertEqual(named, ["FP32", "INT64", "UINT8", "BOOL"])


class Messages(unittest.TestCase):
    def test_numbers_are_those_of_the_protocol(self):
        request = messages.message("ModelInferRequest")(model_name="m", raw_input_contents=[b"a"])
        tensor = request.inputs.add(name="x", datatype="UINT8", shape=[1])
        tensor.contents.uint_contents.append(7)
        # Field numbers and wire types, by hand: model_name 1, inputs 5 (name 1, datatype 2, shape 3, contents 5), raw 7.
        inner = b"\x0a\x01x\x12\x05UINT8\x1a\x01\x01\x2a\x03\x22\x01\x07"
        self.assertEqual(request.SerializeToString(), b"\x0a\x01m" + b"\x2a" + bytes([len(inner)]) + inner + b"\x3a\x01a")

    def test_parameters_are_read_over(self):
        parsed = messages.message("ModelInferRequest").FromString(b"\x0a\x01m\x22\x07\x0a\x01k\x12\x02\x08\x01")
        self.assertEqual(parsed.model_name, "m")


if __name__ == "__main__":
    unittest.main()
