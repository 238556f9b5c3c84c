"""The flags of `ovms` that act here, and those that are known but do not."""

import argparse
import os

import openvino
from lathe_tfs import log

from . import MATCHES, NAME, VERSION

# Taken without complaint, since images and scripts set them; nothing here depends on them.
WITHOUT_EFFECT = """
    grpc_workers rest_workers grpc_memory_quota grpc_channel_arguments log_level log_path cache_dir cpu_extension
    sequence_cleaner_poll_wait_minutes custom_node_resources_cleaner_interval_seconds
""".split()


def parse(arguments):
    """The flags as a namespace; exits with a message where one is unknown."""
    version = f"{NAME} {VERSION} (OpenVINO {openvino.__version__}): stands in for {MATCHES}, is not its binary"
    parser = argparse.ArgumentParser("ovms", description=version, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=version)

    def flag(name, default, help):
        parser.add_argument(f"--{name}", type=type(default), default=default, help=help)

    flag("port", 0, "TCP port of gRPC, both APIs; 0: none")
    flag("rest_port", 0, "TCP port of HTTP, both APIs; 0: none")
    flag("grpc_bind_address", "0.0.0.0", "only 0.0.0.0 is known here")
    flag("rest_bind_address", "0.0.0.0", "only 0.0.0.0 is known here")
    flag("grpc_max_threads", 8 * len(os.sched_getaffinity(0)), "gRPC calls at a time")
    flag("config_path", "", "config.json: the models, and their plugin_config")
    flag("model_name", "", "name of the one model, without --config_path")
    flag("model_path", "", "folder of the one model's version folders")
    flag("plugin_config", "{}", "properties of OpenVINO's CPU device for the one model, as JSON")
    flag("target_device", "CPU", "only CPU is known here")
    flag("file_system_poll_wait_seconds", 1, "pause between looks for new models and versions; 0: none")
    parser.add_argument("--metrics_enable", action="store_true", help="Prometheus' page at /metrics")
    for name in WITHOUT_EFFECT:
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    flags = parser.parse_args(arguments)
    for name in WITHOUT_EFFECT:
        if getattr(flags, name) is not None:
            log.warning(f"--{name} has no effect in this stand-in")
    for name, known in (("grpc_bind_address", "0.0.0.0"), ("rest_bind_address", "0.0.0.0"), ("target_device", "CPU")):
        if getattr(flags, name) != known:
            parser.error(f"--{name} {getattr(flags, name)}: this stand-in knows {known} only")
    if bool(flags.config_path) == bool(flags.model_name):
        parser.error("either --config_path, or --model_name and --model_path")
    return flags
