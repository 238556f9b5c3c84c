"""JSON to tensors and back."""

import json
import unittest

import numpy as np

import lathe_tf  # noqa: F401  (before the stubs)
from tensorflow.core.framework import types_pb2 as t
from tensorflow.core.protobuf import meta_graph_pb2

from lathe_tfs.json_body import fast, output, request, tensor
from lathe_tf.errors import Fault


def inputs(dtype, *names):
    """A signature's inputs of one type."""
    return {name: meta_graph_pb2.TensorInfo(dtype=dtype) for name in names}


def fault_of(body, info):
    """The text of the fault that a body raises."""
    try:
        request.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), lambda _: info)
    except Fault as fault:
        return fault.text
    return None


class FastPath(unittest.TestCase):
    """The quick way gives what the exact way gives, or nothing."""

    def setUp(self):
        self.random = np.random.default_rng(7)

    def both(self, document, info):
        """(quick, exact) feeds of a document."""
        body = json.dumps(document).encode()
        body += b" " * max(0, fast.SMALL - len(body))
        quick = fast.parse(body, lambda _: info)
        small, fast.SMALL = fast.SMALL, 1 << 60
        try:
            exact = request.parse(body, lambda _: info)
        finally:
            fast.SMALL = small
        return quick, exact

    def test_agrees_with_the_exact_way_on_dense_tensors_of_any_shape_form_and_type(self):
        for dtype, kind in ((t.DT_UINT8, np.uint8), (t.DT_INT32, np.int32), (t.DT_FLOAT, np.float32), (t.DT_INT64, np.int64)):
            for _ in range(20):
                shape = self.random.integers(1, 6, self.random.integers(1, 5))
                values = self.random.integers(0, 256, shape)
                values = (values / 7 if kind == np.float32 else values).tolist()
                for document in (
                    {"instances": values},
                    {"inputs": values},
                    {"inputs": {"x": values}},
                    {"instances": [{"x": row if isinstance(row, list) else [row]} for row in values]},
                    {"signature_name": "s", "inputs": values},
                ):
                    quick, exact = self.both(document, inputs(dtype, "x"))
                    self.assertIsNotNone(quick, document)
                    self.assertEqual(quick[:2], exact[:2])
                    self.assertEqual(quick[2]["x"].shape, exact[2]["x"].shape)
                    np.testing.assert_array_equal(quick[2]["x"].data, exact[2]["x"].data)
                    self.assertEqual(quick[2]["x"].data.dtype, kind)

    def test_leaves_to_the_exact_way_what_is_ragged_or_no_number_of_the_type(self):
        pad = [[1, 2]] * 2000
        for values in (pad + [[1]], pad + [[1, 2, 3]], pad + [1], pad + [[1, [2]]], pad + [[1, True]], pad + [[1, 1.5]],
                       pad + [[1, None]], pad + [[1, "2"]], pad + [[]], []):
            body = json.dumps({"instances": values}).encode().ljust(fast.SMALL)
            self.assertIsNone(fast.parse(body, lambda _: inputs(t.DT_UINT8, "x")), values[-1:])

    def test_leaves_two_inputs_doubled_keys_and_damaged_json_to_the_exact_way(self):
        filler = json.dumps([1] * 2000)
        for body, names in (
            (f'{{"instances": {filler}}}', ("x", "y")),
            (f'{{"instances": {filler}, "instances": [1]}}', ("x",)),
            (f'{{"instances": {filler}, "inputs": [1]}}', ("x",)),
            (f'{{"instances": {filler}', ("x",)),
            (f'{{"inputs": {{"y": {filler}}}}}', ("x",)),
            (f'{{"instances": {filler}, "signature_name": 3}}', ("x",)),
        ):
            self.assertIsNone(fast.parse(body.encode(), lambda _: inputs(t.DT_INT32, *names)), body[-40:])


class Tensors(unittest.TestCase):
    """What JSON values may stand for."""

    def test_integers_take_no_whole_floats_and_no_truth_values(self):
        for value in (1.0, True, None, "1", [1.5]):
            with self.assertRaisesRegex(Fault, "is not of expected type: int32"):
                tensor.feed_of([value] if not isinstance(value, list) else value, t.DT_INT32)

    def test_small_integers_wrap_as_the_cpp_cast_does(self):
        self.assertEqual(tensor.feed_of([256, -1], t.DT_UINT8).data.tolist(), [0, 255])

    def test_large_integers_keep_every_digit(self):
        self.assertEqual(tensor.feed_of([2**64 - 1], t.DT_UINT64).data.tolist(), [2**64 - 1])
        self.assertEqual(tensor.feed_of([-(2**63)], t.DT_INT64).data.tolist(), [-(2**63)])

    def test_strings_are_text_or_base64_alone_in_its_object(self):
        self.assertEqual(tensor.feed_of(["ü", {"b64": "aGk="}], t.DT_STRING).data, ["ü".encode(), b"hi"])
        with self.assertRaisesRegex(Fault, "not formatted correctly for base64 data"):
            tensor.feed_of([{"b64": "aGk=", "more": 1}], t.DT_STRING)
        with self.assertRaisesRegex(Fault, "Unable to base64 decode"):
            tensor.feed_of([{"b64": "?"}], t.DT_STRING)

    def test_a_scalar_and_an_empty_list_have_their_shapes(self):
        self.assertEqual(tensor.feed_of(3, t.DT_FLOAT).shape, ())
        self.assertEqual(tensor.feed_of([[]], t.DT_FLOAT).shape, (1, 0))


class Requests(unittest.TestCase):
    """Forms of a body."""

    def test_several_inputs_come_by_name(self):
        info = inputs(t.DT_INT32, "a", "b")
        _, _, feeds = request.parse(b'{"instances": [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}]}', lambda _: info)
        self.assertEqual({k: (f.shape, f.data.tolist()) for k, f in feeds.items()}, {"a": ((2,), [1, 3]), "b": ((2, 1), [[2], [4]])})
        self.assertIn("instances is a plain list", fault_of({"instances": [1]}, info))
        self.assertIn("keys must be equal to: a,b", fault_of({"instances": [{"a": 1}]}, info))
        self.assertEqual(fault_of({"inputs": {"a": 1}}, info), "Missing named input: b in 'inputs' object.")

    def test_what_follows_the_document_is_not_looked_at(self):
        self.assertIsNone(fault_of(b' {"inputs": [1]} and more', inputs(t.DT_INT32, "x")))

    def test_a_body_that_is_no_object_or_not_even_text_is_refused(self):
        self.assertIn("Is not object", fault_of(b"[1]", inputs(t.DT_INT32, "x")))
        self.assertIn("JSON Parse error", fault_of(b"\xff\xfe", inputs(t.DT_INT32, "x")))
        self.assertIn("JSON Parse error", fault_of(b"[" * 100000, inputs(t.DT_INT32, "x")))


class Answers(unittest.TestCase):
    """Tensors as text."""

    def test_floats_come_back_to_the_bit_and_are_no_longer_than_needed(self):
        bits = np.random.default_rng(3).integers(0, 2**32, 20000, dtype=np.uint32).view(np.float32)
        values = np.concatenate([bits[np.isfinite(bits)], np.float32([0, -0.0, 1, 0.1, 16777216, 1e-45, 3.4028235e38])])
        text = output.columns({"x": values})
        np.testing.assert_array_equal(np.array(json.loads(text)["outputs"], np.float32), values)
        self.assertIn("0.1,", output.columns({"x": np.float32([0.1, 1])}))

    def test_doubles_come_back_to_the_bit(self):
        values = np.random.default_rng(4).standard_normal(2000) * 1e-7
        np.testing.assert_array_equal(json.loads(output.columns({"x": values}))["outputs"], values)

    def test_what_is_no_number_has_its_name(self):
        self.assertIn("[NaN, Infinity, -Infinity, 2.0]", output.columns({"x": np.float32([np.nan, np.inf, -np.inf, 2])}))

    def test_rows_need_one_batch_size_and_a_single_output_drops_its_name(self):
        with self.assertRaisesRegex(Fault, "inconsistent batch size"):
            output.rows({"a": np.zeros(2), "b": np.zeros(3)})
        with self.assertRaisesRegex(Fault, "has no shape information"):
            output.rows({"a": np.float32(1)})
        self.assertEqual(json.loads(output.rows({"a": np.int32([[1, 2], [3, 4]])})), {"predictions": [[1, 2], [3, 4]]})

    def test_strings_are_base64_only_in_outputs_whose_name_says_bytes(self):
        values = np.array([b"hi", "ü".encode()], object)
        self.assertEqual(json.loads(output.columns({"x": values})), {"outputs": ["hi", "ü"]})
        self.assertEqual(json.loads(output.columns({"x_bytes": values}))["outputs"][0], {"b64": "aGk="})
