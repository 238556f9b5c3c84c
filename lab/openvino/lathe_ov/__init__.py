"""A stand-in for OpenVINO Model Server: its APIs, gRPC and REST, over the real OpenVINO runtime.

It is not OpenVINO Model Server and says so in its banner, its version, its headers and its image's label. It speaks both APIs
of the real server, at the same two ports: TF Serving's by that stand-in's front ends (`lathe_tfs`), and KServe v2.
"""

import lathe_tfs

NAME = "lathe-ov-stand-in"
VERSION = "0.1.0"
MATCHES = "OpenVINO Model Server 2026.4"

# The front ends sign their answers with it.
lathe_tfs.NAME = NAME
