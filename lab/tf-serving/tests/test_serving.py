"""Tensors of gRPC, versions, metrics."""

import os
import tempfile
import time
import types
import unittest

import numpy as np

import lathe_tf  # noqa: F401  (before the stubs)
from google.protobuf import text_format
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.framework import types_pb2 as t
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from lathe_tf import dtypes
from lathe_tf.errors import Fault
from lathe_tfs import config, tensor_proto
from lathe_tfs.manager import Manager, State
from lathe_tfs.metrics import Metrics


def proto(dtype, shape, **fields):
    """A TensorProto."""
    message = tensor_pb2.TensorProto(dtype=dtype, **fields)
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    return message


class TensorProtos(unittest.TestCase):
    """Every type, in both encodings."""

    def test_each_type_survives_the_typed_fields_and_the_content(self):
        random = np.random.default_rng(5)
        for dtype, kind in dtypes.NUMPY.items():
            array = random.integers(0, 2 if kind == np.bool_ else 100, (2, 3)).astype(kind)
            typed = tensor_proto.proto_of(array, dtype)
            self.assertFalse(typed.tensor_content)
            np.testing.assert_array_equal(tensor_proto.feed_of("x", typed).data.reshape(2, 3), array)
            packed = tensor_proto.feed_of("x", proto(dtype, (2, 3), tensor_content=array.tobytes()))
            self.assertEqual((packed.shape, bytes(packed.data)), ((2, 3), array.tobytes()))

    def test_strings_survive_both(self):
        values = [b"", b"a" * 300, b"\x00\xff"]
        self.assertEqual(tensor_proto.feed_of("x", proto(t.DT_STRING, (3,), string_val=values)).data, values)
        content = b"\x00\xac\x02\x02" + b"".join(values)
        self.assertEqual(tensor_proto.feed_of("x", proto(t.DT_STRING, (3,), tensor_content=content)).data, values)

    def test_too_few_values_repeat_the_last_and_none_at_all_are_zero(self):
        self.assertEqual(tensor_proto.feed_of("x", proto(t.DT_FLOAT, (4,), float_val=[1, 2])).data.tolist(), [1, 2, 2, 2])
        self.assertEqual(tensor_proto.feed_of("x", proto(t.DT_INT32, (2,))).data.tolist(), [0, 0])

    def test_content_of_another_size_and_unknown_shapes_are_refused(self):
        broken = (
            proto(t.DT_FLOAT, (2,), tensor_content=b"1234"),
            proto(t.DT_FLOAT, (-1,), float_val=[1]),
            proto(t.DT_INVALID, (1,)),
            proto(t.DT_STRING, (2,), tensor_content=b"\x05a"),
        )
        for message in broken:
            with self.assertRaisesRegex(Fault, "tensor parsing error: x"):
                tensor_proto.feed_of("x", message)


class Policies(unittest.TestCase):
    """Which versions a policy wants."""

    def aspired(self, text):
        """Of the versions 1, 2, 3 and 10."""
        if not text:
            return config.aspired([2, 10, 1, 3], None)
        policy = model_server_config_pb2.ModelConfig()
        text_format.Parse(f"model_version_policy {{ {text} }}", policy)
        return config.aspired([2, 10, 1, 3], policy.model_version_policy)

    def test_latest_all_and_specific(self):
        self.assertEqual(self.aspired(""), [10])
        self.assertEqual(self.aspired("latest { num_versions: 2 }"), [10, 3])
        self.assertEqual(self.aspired("latest { }"), [10])
        self.assertEqual(self.aspired("all { }"), [10, 3, 2, 1])
        self.assertEqual(self.aspired("specific { versions: 2 versions: 3 versions: 9 }"), [3, 2])


class Versions(unittest.TestCase):
    """Loading, replacing, failing, trying again; the loader is a stand-in of its own here."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = folder.name
        self.broken, self.loaded = set(), []
        self.flags = types.SimpleNamespace(
            max_num_load_retries=1,
            load_retry_interval_micros=30_000,
            allow_version_labels_for_unavailable_models=False,
        )
        self.manager = Manager([self.config()], self.flags, self.load)

    def config(self, *versions, **labels):
        """The model with these versions only, or the latest, and labels."""
        message = model_server_config_pb2.ModelConfig()
        message.model_version_policy.specific.versions.extend(versions)
        return config.ModelConfig("m", self.base, message.model_version_policy if versions else None, labels)

    def labelled(self, label):
        """The version that a request with this label gets."""
        return self.manager.servable(model_pb2.ModelSpec(name="m", version_label=label)).version

    def load(self, path, number, _flags):
        """As Servable does."""
        if number in self.broken:
            raise Fault(5, f"nothing in {os.path.basename(path)}")
        self.loaded.append(number)
        return types.SimpleNamespace(version=number)

    def add(self, *numbers):
        """New version folders, then a look."""
        for number in numbers:
            os.mkdir(os.path.join(self.base, str(number)))
        self.manager.look()

    def states(self):
        """State by version."""
        status = self.manager.status(model_pb2.ModelSpec(name="m"))
        return {v.version: v.state for v in status.model_version_status}

    def test_a_new_version_replaces_the_old_one_only_once_it_is_there(self):
        self.add(1)
        self.assertEqual(self.manager.servable(model_pb2.ModelSpec(name="m")).version, 1)
        self.broken.add(2)
        self.add(2)
        self.assertEqual(self.states(), {2: State.LOADING, 1: State.AVAILABLE})
        self.broken.clear()
        time.sleep(0.04)
        self.manager.look()
        self.assertEqual(self.states(), {2: State.AVAILABLE, 1: State.END})
        self.assertEqual(self.manager.servable(model_pb2.ModelSpec(name="m")).version, 2)

    def test_a_version_that_cannot_be_loaded_ends_after_its_retries_with_the_reason(self):
        self.broken.add(1)
        self.add(1)
        self.assertFalse(self.manager.settled())
        time.sleep(0.04)
        self.manager.look()
        self.assertTrue(self.manager.settled())
        self.assertEqual(self.manager.failures(), [("m", 1, "nothing in 1")])
        status = self.manager.status(model_pb2.ModelSpec(name="m")).model_version_status[0]
        self.assertEqual((status.state, status.status.error_code), (State.END, 5))

    def test_a_version_is_loaded_once_however_often_one_looks(self):
        self.add(1)
        self.manager.look()
        self.manager.look()
        self.assertEqual(self.loaded, [1])

    def test_a_version_that_comes_back_after_it_was_dropped_is_loaded_again(self):
        self.add(1)
        self.add(2)
        os.rmdir(os.path.join(self.base, "2"))
        self.manager.look()
        self.assertEqual(self.loaded, [1, 2, 1])
        self.assertEqual(self.manager.servable(model_pb2.ModelSpec(name="m")).version, 1)

    def test_another_config_changes_versions_and_labels_without_a_restart(self):
        self.manager.reload([self.config(1)])
        self.add(1, 2)
        self.assertEqual(self.states(), {1: State.AVAILABLE})
        self.manager.reload([self.config(1, 2, stable=1)])
        self.manager.look()
        self.manager.reload([self.config(1, 2, stable=1, canary=2)])
        self.assertEqual((self.labelled("stable"), self.labelled("canary")), (1, 2))
        self.manager.reload([self.config(2, stable=2)])
        self.manager.look()
        self.assertEqual(self.labelled("stable"), 2)
        self.assertEqual(self.states(), {2: State.AVAILABLE, 1: State.END})
        with self.assertRaisesRegex(Fault, "Unrecognized servable version label: canary"):
            self.labelled("canary")

    def test_a_label_is_refused_to_a_version_that_is_not_loaded_and_nothing_changes(self):
        self.add(1)
        with self.assertRaisesRegex(Fault, "label to version 1 of model m, which is not currently available"):
            Manager([self.config(1, stable=1)], self.flags, self.load)
        self.manager.reload([self.config(1, stable=1)])
        with self.assertRaisesRegex(Fault, "label to version 2 of model m, which is not currently available"):
            self.manager.reload([self.config(2, stable=2)])
        self.manager.look()
        self.assertEqual(self.labelled("stable"), 1)

    def test_where_the_flag_allows_a_new_label_may_come_before_its_version_but_none_may_move_to_it(self):
        self.flags.allow_version_labels_for_unavailable_models = True
        self.manager = Manager([self.config(1, stable=1)], self.flags, self.load)
        self.add(1, 2)
        self.assertEqual(self.labelled("stable"), 1)
        with self.assertRaisesRegex(Fault, "label to version 2"):
            self.manager.reload([self.config(1, 2, stable=2)])

    def test_a_version_that_failed_is_tried_anew_once_it_was_not_wanted_meanwhile(self):
        self.flags.max_num_load_retries = 0
        self.manager.reload([self.config(1)])
        self.add(1, 2)
        self.broken.add(2)
        self.manager.reload([self.config(1, 2)])
        self.manager.look()
        self.assertEqual(self.states(), {2: State.END, 1: State.AVAILABLE})
        self.broken.clear()
        self.manager.look()
        self.assertEqual(self.states()[2], State.END)
        self.manager.reload([self.config(1)])
        self.manager.look()
        self.manager.reload([self.config(1, 2)])
        self.manager.look()
        self.assertEqual(self.states(), {2: State.AVAILABLE, 1: State.AVAILABLE})

    def test_a_model_taken_off_the_config_is_unloaded(self):
        self.add(1)
        self.manager.reload([])
        self.manager.look()
        with self.assertRaisesRegex(Fault, "Servable not found"):
            self.manager.servable(model_pb2.ModelSpec(name="m"))

    def test_folders_that_are_no_numbers_are_not_versions(self):
        os.mkdir(os.path.join(self.base, ".incoming"))
        open(os.path.join(self.base, "7"), "w").close()
        self.manager.look()
        with self.assertRaisesRegex(Fault, "Could not find any versions of model m"):
            self.states()


class Series(unittest.TestCase):
    """Prometheus text."""

    def test_failed_requests_count_and_do_not_enter_the_latency(self):
        metrics = Metrics()
        metrics.request("m", 0, "Predict", "GRPC", 15e-6)
        metrics.request("m", 5, "Predict", "GRPC", 1.0)
        text = metrics.text()
        self.assertIn(':tensorflow:serving:request_count{model_name="m",status="OK"} 1\n', text)
        self.assertIn(':tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"} 1\n', text)
        labels = 'model_name="m",API="Predict",entrypoint="GRPC"'
        self.assertIn(f':tensorflow:serving:request_latency_bucket{{{labels},le="10.0"}} 0\n', text)
        self.assertIn(f':tensorflow:serving:request_latency_bucket{{{labels},le="18.0"}} 1\n', text)
        self.assertIn(f':tensorflow:serving:request_latency_count{{{labels}}} 1\n', text)
