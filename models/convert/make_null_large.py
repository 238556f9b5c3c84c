"""Makes the `null-large` model: `null` with so many slots that its answer is as large as the pixels of a photograph.

The answers of detectors are small. With this model it shows what a client's windows cost.
"""

from . import make_null

# Six floats of 4 bytes each: 0.92 MB, as 640 x 480 pixels have.
SLOTS = 38_400


def convert(sources, folder):
    """Writes the model. It has no sources: the answer is constant."""
    make_null.convert(sources, folder, SLOTS)
