"""The flags of tensorflow_model_server that act here, and those that are known but do not."""

import argparse
import os

from lathe_tf import runtime

from . import MATCHES, NAME, VERSION, log

# Taken without complaint, since images and scripts set them; nothing here depends on them.
WITHOUT_EFFECT = """
    enable_batching batching_parameters_file enable_model_warmup flush_filesystem_caches grpc_channel_arguments
    grpc_socket_path model_config_file_poll_wait_seconds num_load_threads num_unload_threads per_process_gpu_memory_fraction rest_api_enable_cors_support
    rest_api_num_threads rest_api_timeout_in_ms tensorflow_session_parallelism xla_cpu_compilation_enabled
""".split()


def parse(arguments):
    """The flags as a namespace; exits with a message where one is unknown."""
    version = f"{NAME} {VERSION} (TensorFlow {runtime.version()}): stands in for {MATCHES}, is not its binary"
    parser = argparse.ArgumentParser("tensorflow_model_server", description=version, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=version)

    def flag(name, default, help, kind=None):
        parser.add_argument(f"--{name}", type=kind or type(default), default=default, help=help)

    flag("port", 8500, "TCP port of gRPC; 0: none")
    flag("rest_api_port", 0, "TCP port of HTTP/REST; 0: none")
    flag("model_name", "default", "name of the one model, without --model_config_file")
    flag("model_base_path", "", "folder of the one model's version folders")
    flag("model_config_file", "", "ModelServerConfig as text: several models")
    flag("allow_version_labels_for_unavailable_models", False, "a label that is new may name a version not loaded yet", _bool)
    flag("monitoring_config_file", "", "MonitoringConfig as text: Prometheus")
    flag("ssl_config_file", "", "SSLConfig as text: gRPC by TLS, and which clients it lets in")
    flag("tensorflow_intra_op_parallelism", 0, "threads within an operation; 0: TensorFlow decides")
    flag("tensorflow_inter_op_parallelism", 0, "operations at a time; 0: TensorFlow decides")
    flag("saved_model_tags", "serve", "tags of the graph to load")
    flag("file_system_poll_wait_seconds", 1.0, "pause between looks for new versions; 0: one look; below 0: none")
    flag("max_num_load_retries", 5, "how often a failed load is tried again")
    flag("load_retry_interval_micros", 60_000_000, "pause before that")
    flag("grpc_max_threads", 4 * len(os.sched_getaffinity(0)), "gRPC calls at a time")
    for name in WITHOUT_EFFECT:
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    flags = parser.parse_args(arguments)
    for name in WITHOUT_EFFECT:
        if getattr(flags, name) is not None:
            log.warning(f"--{name} has no effect in this stand-in")
    return flags


def _bool(text):
    """As TensorFlow reads a flag's value."""
    if text.lower() not in ("true", "false", "1", "0"):
        raise argparse.ArgumentTypeError(f"{text} is neither true nor false")
    return text.lower() in ("true", "1")
