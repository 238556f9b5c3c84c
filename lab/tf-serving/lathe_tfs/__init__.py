"""A stand-in for TensorFlow Serving: its API, gRPC and REST, over TensorFlow's own C library (`lathe_tf`).

It is not TensorFlow Serving and says so in its banner, its version, its headers and its image's label. Behaviour is
matched to TF Serving 2.14.1.
"""

import lathe_tf  # noqa: F401  (makes the stubs importable: before all others)

NAME = "lathe-tfs-stand-in"
VERSION = "0.1.0"
MATCHES = "TensorFlow Serving 2.14.1"
