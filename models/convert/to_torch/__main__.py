"""usage: python -m convert.to_torch null|ssd MODEL SAVED_MODEL OUT

Makes OUT/version, a model folder of TorchServe (manifest, handler, model and weights), and OUT/model.tar, the same packed.
TensorFlow reads the weights; PyTorch is needed where the model is served, not here.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

from ..__main__ import pack

KINDS = ("null", "ssd")
SERVE = Path(__file__).parent / "serve"


def main(kind, model, saved_model, out):
    """Writes and packs the folder; byte for byte the same each time."""
    folder = Path(out) / "version"
    (folder / "MAR-INF").mkdir(parents=True)
    (folder / "MAR-INF" / "MANIFEST.json").write_text(manifest(model))
    shutil.copyfile(SERVE / "lathe_handler.py", folder / "lathe_handler.py")
    shutil.copyfile(SERVE / f"{kind}.py", folder / "lathe_model.py")
    if kind == "ssd":
        from . import ssd_weights

        ssd_weights.write(saved_model, folder)
    pack(folder, os.path.join(out, "model.tar"))


def manifest(model):
    """What TorchServe asks of a model's MANIFEST.json; its time is a fixed one."""
    return json.dumps(
        {
            "createdOn": "01/01/2000 00:00:00",
            "runtime": "python",
            "model": {"modelName": model, "modelVersion": "1.0", "handler": "lathe_handler.py"},
            "archiverVersion": "0.12.0",
        },
        indent=1,
    )


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
