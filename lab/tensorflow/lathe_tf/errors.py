"""Errors as TensorFlow counts them: a canonical code and a text."""

OK, UNKNOWN, INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION = 0, 2, 3, 5, 9
UNIMPLEMENTED, INTERNAL, DATA_LOSS = 12, 13, 15

# TF Serving's HTTP status by canonical code (net_http's map; everything else is 500).
HTTP_STATUS = {0: 200, 3: 400, 9: 400, 11: 400, 5: 404, 6: 409, 10: 409, 8: 429, 12: 501, 14: 503, 4: 504}

GRPC_TEXT_LIMIT = 1024


class Fault(Exception):
    """Something that is answered with an error status."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def invalid(text):
    """The most common fault."""
    return Fault(INVALID_ARGUMENT, text)
