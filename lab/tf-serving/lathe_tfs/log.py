"""Lines on stderr, in the shape of TF Serving's own."""

import sys
import time


def _write(level, text):
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    print(f"{stamp}.{int(now % 1 * 1e6):06d}: {level} {text}", file=sys.stderr, flush=True)


def info(text):
    """What happens."""
    _write("I", text)


def warning(text):
    """What may surprise."""
    _write("W", text)


def error(text):
    """What failed."""
    _write("E", text)
