"""usage: python -m convert KIND MODEL OUT [SOURCE...]

Makes OUT/version (a SavedModel version folder with warm-up requests) and OUT/model.tar (the same, packed).
"""

import importlib
import os
import sys
import tarfile
from pathlib import Path

# Conversion does not run the graph: TensorFlow's messages about the machine do not matter here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

KINDS = {
    "frozen": "from_frozen",
    "tfjs-ssd": "from_tfjs_ssd",
    "make-rfcn": "make_rfcn",
    "make-null": "make_null",
    "make-null-large": "make_null_large",
}


def main(kind, model, out, *sources):
    """Converts, adds the warm-up, packs."""
    import tensorflow as tf

    from . import warmup

    # Graphs are built as TF 1 had them; control flow stays that of TF 2.
    tf.compat.v1.disable_eager_execution()
    folder = os.path.join(out, "version")
    importlib.import_module(f".{KINDS[kind]}", __package__).convert(sources, folder)
    warmup.write(folder, model)
    pack(Path(folder), os.path.join(out, "model.tar"))


def pack(folder, archive):
    """Packs a folder into a tar file, byte for byte the same each time: sorted names, no owner, no times.

    It is not compressed: weights hardly compress, and SSH can compress by itself.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = (folder / name).stat().st_size
            with open(folder / name, "rb") as file:
                tar.addfile(entry, file)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in KINDS:
        sys.exit(f"{__doc__}kinds: {', '.join(KINDS)}")
    main(*sys.argv[1:])
