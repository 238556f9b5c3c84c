"""What config files say, and what is refused."""

import json
import os
import tempfile
import types
import unittest

from lathe_ov import config
from lathe_tf.errors import Fault


def read(document, **flags):
    """The config of a document."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(document if isinstance(document, str) else json.dumps(document))
        return config.read(types.SimpleNamespace(**{"config_path": path, "metrics_enable": False, **flags}))


def one(**entry):
    """A document of one model."""
    return {"model_config_list": [{"config": {"name": "m", "base_path": "/models/m", **entry}}]}


class Config(unittest.TestCase):
    def test_models_and_policies(self):
        found = read(one(model_version_policy={"specific": {"versions": [1, 3]}}))
        (model,) = found.models
        self.assertEqual([model.name, model.base_path], ["m", "/models/m"])
        self.assertEqual(list(model.policy.specific.versions), [1, 3])
        self.assertIsNone(read(one()).models[0].policy)
        self.assertEqual(read(one(model_version_policy='{"latest": {"num_versions": 2}}')).models[0].policy.latest.num_versions, 2)

    def test_without_streams_or_hint_the_hint_is_latency(self):
        self.assertEqual(read(one()).plugins, {"m": {"PERFORMANCE_HINT": "LATENCY"}})
        for given in ({"NUM_STREAMS": 2}, {"PERFORMANCE_HINT": "THROUGHPUT"}):
            self.assertEqual(read(one(plugin_config=given)).plugins["m"], given)
            self.assertEqual(read(one(plugin_config=json.dumps(given))).plugins["m"], given)

    def test_metrics_by_flag_or_file(self):
        self.assertFalse(read(one()).metrics)
        self.assertTrue(read(one(), metrics_enable=True).metrics)
        self.assertTrue(read({**one(), "monitoring": {"metrics": {"enable": True}}}).metrics)

    def test_what_makes_no_sense_is_refused(self):
        twice = {"model_config_list": one()["model_config_list"] * 2}
        wrong = {"model_version_policy": {"newest": {}}}, {"target_device": "GPU"}, {"shape": "auto"}, {"plugin_config": [1]}
        for document in ("", "{}", "[]", '{"model_config_list": 3}', {"model_config_list": [{}]}, twice, *(one(**w) for w in wrong)):
            with self.assertRaises(Fault, msg=document):
                read(document)


if __name__ == "__main__":
    unittest.main()
