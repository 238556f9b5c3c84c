"""What both transports say of models and of the server."""

from lathe_tf.errors import invalid
from tensorflow_serving.apis import model_pb2

from .. import NAME, VERSION

PLATFORM = "OpenVINO"
SERVER = {"name": NAME, "version": VERSION}


def spec(name, version):
    """A ModelSpec of a name and a version in digits; without one: the latest."""
    made = model_pb2.ModelSpec(name=name)
    if version:
        if not version.isdecimal() or int(version) > 2**63 - 1:
            raise invalid("Invalid version")
        made.version.value = int(version)
    return made
