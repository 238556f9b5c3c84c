"""The process's own memory."""

import ctypes as c


def trim_memory():
    """Gives what loading a model left behind back to the machine; glibc keeps it otherwise."""
    try:
        c.CDLL(None).malloc_trim(0)
    except AttributeError:
        pass
