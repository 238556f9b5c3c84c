"""Errors as TensorFlow counts them: a canonical code and a text."""

OK, UNKNOWN, INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION = 0, 2, 3, 5, 9
UNIMPLEMENTED, INTERNAL, DATA_LOSS = 12, 13, 15


class Fault(Exception):
    """Something that is answered with an error status."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def invalid(text):
    """The most common fault."""
    return Fault(INVALID_ARGUMENT, text)
