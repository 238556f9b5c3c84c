"""MonitoringConfig and SSLConfig, which the official Python package leaves out: built here by the same names."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .text_proto import read_text_proto

_BOOL, _STRING, _MESSAGE = (getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{t}") for t in ("BOOL", "STRING", "MESSAGE"))

# Each message's fields in the order of their numbers. The strings of SSLConfig are PEM themselves, not paths.
_MESSAGES = {
    "PrometheusConfig": {"enable": _BOOL, "path": _STRING},
    "MonitoringConfig": {"prometheus_config": _MESSAGE},
    "SSLConfig": {"server_key": _STRING, "server_cert": _STRING, "custom_ca": _STRING, "client_verify": _BOOL},
}


def _read(path, name):
    file = descriptor_pb2.FileDescriptorProto(name="lathe_tfs/configs.proto", package="tensorflow.serving")
    for message, fields in _MESSAGES.items():
        added = file.message_type.add(name=message)
        for number, (field, kind) in enumerate(fields.items(), 1):
            inner = ".tensorflow.serving.PrometheusConfig" if kind == _MESSAGE else None
            added.field.add(name=field, number=number, type=kind, label=1, type_name=inner)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.serving.{name}"))
    return read_text_proto(path, message())


def prometheus_path(path):
    """Where metrics are served, by a MonitoringConfig `prometheus_config { enable: true path: "…" }`; or None."""
    config = _read(path, "MonitoringConfig").prometheus_config if path else None
    return (config.path or "/monitoring/prometheus/metrics") if config and config.enable else None


def credentials(path):
    """What gRPC listens with, by an SSLConfig; None where no file is named: in the clear."""
    if not path:
        return None
    config = _read(path, "SSLConfig")
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
