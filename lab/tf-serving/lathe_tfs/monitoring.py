"""MonitoringConfig, which the official Python package leaves out: built here by the same names."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def _field(message, name, number, kind, type_name=None):
    field = message.field.add(name=name, number=number, type=kind, label=1)
    if type_name:
        field.type_name = type_name


def message():
    """An empty MonitoringConfig: `prometheus_config { enable: true path: "…" }`."""
    file = descriptor_pb2.FileDescriptorProto(name="lathe_tfs/monitoring_config.proto", package="tensorflow.serving")
    kinds = descriptor_pb2.FieldDescriptorProto
    prometheus = file.message_type.add(name="PrometheusConfig")
    _field(prometheus, "enable", 1, kinds.TYPE_BOOL)
    _field(prometheus, "path", 2, kinds.TYPE_STRING)
    monitoring = file.message_type.add(name="MonitoringConfig")
    _field(monitoring, "prometheus_config", 1, kinds.TYPE_MESSAGE, ".tensorflow.serving.PrometheusConfig")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.serving.MonitoringConfig"))()
