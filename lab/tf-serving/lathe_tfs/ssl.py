"""SSLConfig, which the official Python package leaves out, and the server credentials that it stands for."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .flags import read_text_proto


def _message():
    """An empty SSLConfig. Its strings are PEM themselves, not paths."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="lathe_tfs/ssl_config.proto", package="tensorflow.serving")
    config = file.message_type.add(name="SSLConfig")
    strings = ("server_key", "server_cert", "custom_ca")
    for number, name in enumerate(strings, 1):
        config.field.add(name=name, number=number, type=kinds.TYPE_STRING, label=1)
    config.field.add(name="client_verify", number=4, type=kinds.TYPE_BOOL, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.serving.SSLConfig"))()


def credentials(path):
    """What gRPC listens with, or None where no file is named: in the clear."""
    if not path:
        return None
    config = read_text_proto(path, _message())
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
