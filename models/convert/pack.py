"""One archive of a folder, byte for byte the same each time."""

import os
import tarfile


def pack(folder, archive):
    """An uncompressed tar: sorted names, no owner, no times. Weights hardly compress, and SSH may compress on its own."""
    names = []
    for here, folders, files in os.walk(folder):
        folders.sort()
        names += [os.path.relpath(os.path.join(here, name), folder) for name in files]
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(names):
            path = os.path.join(folder, name)
            entry = tarfile.TarInfo(name)
            entry.size = os.path.getsize(path)
            entry.mode = 0o644
            with open(path, "rb") as file:
                tar.addfile(entry, file)
