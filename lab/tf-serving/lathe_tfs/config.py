"""Which models are served, from where, and which of their versions."""

from dataclasses import dataclass, field

from tensorflow_serving.config import model_server_config_pb2

from lathe_tf.errors import invalid

from .text_proto import read_text_proto


@dataclass(frozen=True)
class ModelConfig:
    """One model: `policy` picks versions, `labels` gives versions names."""

    name: str
    base_path: str
    policy: object = None
    labels: dict = field(default_factory=dict)


def models(flags):
    """The models of models.config or, without one, of --model_name and --model_base_path."""
    if not flags.model_config_file:
        if not flags.model_base_path:
            raise SystemExit("--model_base_path or --model_config_file is required")
        return [ModelConfig(flags.model_name, flags.model_base_path)]
    return of_message(read_text_proto(flags.model_config_file, model_server_config_pb2.ModelServerConfig()))


def of_message(message):
    """The models of a ModelServerConfig; Fault where it makes no sense."""
    found = []
    for model in message.model_config_list.config:
        if model.model_platform not in ("", "tensorflow"):
            raise invalid(f"model {model.name}: platform {model.model_platform} is not served here")
        policy = model.model_version_policy if model.HasField("model_version_policy") else None
        found.append(ModelConfig(model.name, model.base_path, policy, dict(model.version_labels)))
    names = [model.name for model in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        raise invalid(f"Illegal to list model {name} multiple times in config list")
    return found


def aspired(versions, policy):
    """The versions that the policy wants of those there are. Without a policy: the latest one."""
    ordered = sorted(versions, reverse=True)
    which = policy.WhichOneof("policy_choice") if policy is not None else None
    if which == "all":
        return ordered
    if which == "specific":
        return [version for version in ordered if version in policy.specific.versions]
    return ordered[: (policy.latest.num_versions or 1) if which == "latest" else 1]
