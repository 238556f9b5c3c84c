"""Lines on stderr, in the shape of TF Serving's own."""

import sys
import time


def _writer(level):
    def write(text):
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        print(f"{stamp}.{int(now % 1 * 1e6):06d}: {level} {text}", file=sys.stderr, flush=True)

    return write


info, warning, error = _writer("I"), _writer("W"), _writer("E")
