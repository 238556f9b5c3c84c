"""KServe v2: the open inference protocol, over HTTP (JSON and binary tensors) and gRPC."""
