"""Lines on stderr, in the shape of TF Serving's own."""

import logging

logging.basicConfig(
    format="%(asctime)s.%(msecs)03d000: %(levelname).1s %(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.INFO
)
info, warning, error = logging.info, logging.warning, logging.error
