"""`config.json` of `ovms`: which models are served, from where, which of their versions, and how OpenVINO runs them."""

import json
from dataclasses import dataclass

from google.protobuf import json_format
from lathe_tf.errors import invalid
from lathe_tfs.config import ModelConfig
from tensorflow_serving.config import model_server_config_pb2

# Of an entry's keys, those that act here.
KEYS = {"name", "base_path", "model_version_policy", "plugin_config", "target_device"}


@dataclass(frozen=True)
class Config:
    """The models, the properties of the CPU device by model, and whether there is a page of metrics."""

    models: list
    plugins: dict
    metrics: bool


def read(flags):
    """What the flags and their file say. Fault where that makes no sense."""
    if not flags.config_path:
        entries, metrics = [{"name": flags.model_name, "base_path": flags.model_path, "plugin_config": flags.plugin_config}], False
    else:
        entries, metrics = _entries(flags.config_path)
    names = [entry["name"] for entry in entries]
    for name in sorted({name for name in names if names.count(name) > 1}):
        raise invalid(f"model {name} is listed more than once")
    models = [ModelConfig(e["name"], e["base_path"], _policy(e)) for e in entries]
    return Config(models, {e["name"]: _plugin(e) for e in entries}, metrics or flags.metrics_enable)


def _entries(path):
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        entries = [item["config"] for item in document["model_config_list"]]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise invalid(f"{path}: {type(fault).__name__}: {fault}") from None
    for entry in entries:
        if not isinstance(entry, dict) or not {"name", "base_path"} <= set(entry):
            raise invalid(f"{path}: a model has no name or no base_path")
        for key in sorted(set(entry) - KEYS):
            raise invalid(f"{path}: model {entry['name']}: this stand-in does not know {key}")
        if entry.get("target_device", "CPU") != "CPU":
            raise invalid(f"{path}: model {entry['name']}: this stand-in knows target_device CPU only")
    metrics = document.get("monitoring", {}).get("metrics", {}).get("enable", False)
    return entries, metrics is True


def _policy(entry):
    """As TF Serving's config has it: the keys are the same."""
    policy = entry.get("model_version_policy")
    if policy is None:
        return None
    policy = json.loads(policy) if isinstance(policy, str) else policy
    try:
        return json_format.ParseDict(policy, model_server_config_pb2.ModelConfig().model_version_policy)
    except json_format.ParseError as fault:
        raise invalid(f"model {entry['name']}: model_version_policy: {fault}") from None


def _plugin(entry):
    """Properties of the CPU device; with neither a hint nor streams: the lowest latency."""
    plugin = entry.get("plugin_config", {})
    plugin = json.loads(plugin) if isinstance(plugin, str) else plugin
    if not isinstance(plugin, dict):
        raise invalid(f"model {entry['name']}: plugin_config is no object")
    hinted = {"PERFORMANCE_HINT", "NUM_STREAMS"} & set(plugin)
    return plugin if hinted else {"PERFORMANCE_HINT": "LATENCY", **plugin}
