"""Errors as TensorFlow counts them: a canonical code and a text."""

from tensorflow.core.protobuf.error_codes_pb2 import Code

OK = 0
UNKNOWN = 2
INVALID_ARGUMENT = 3
NOT_FOUND = 5
FAILED_PRECONDITION = 9
UNIMPLEMENTED = 12
INTERNAL = 13

# TF Serving's HTTP status by canonical code (net_http's map; everything else is 500).
HTTP_STATUS = {0: 200, 3: 400, 9: 400, 11: 400, 5: 404, 6: 409, 10: 409, 8: 429, 12: 501, 14: 503, 4: 504}

GRPC_TEXT_LIMIT = 1024


class Fault(Exception):
    """Something that is answered with an error status."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


def invalid(text):
    """The most common fault."""
    return Fault(INVALID_ARGUMENT, text)


def code_name(code):
    """`NOT_FOUND` for 5."""
    return Code.Name(code)
