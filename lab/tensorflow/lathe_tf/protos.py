"""Makes TensorFlow's message classes importable without its Python half.

Whoever imports `tensorflow.core.…` would load all of TensorFlow's Python by the package's `__init__` (ten seconds, 200 MB)
for a few message classes. A bare package of the same name, with the same folder, does. Import this module before any of them.
"""

import importlib.util
import os
import sys
import types

_spec = importlib.util.find_spec("tensorflow")
if _spec is None or not _spec.submodule_search_locations:
    raise SystemExit("the tensorflow package is not installed")
TENSORFLOW_FOLDER = os.path.abspath(list(_spec.submodule_search_locations)[0])

if "tensorflow" not in sys.modules:
    _package = types.ModuleType("tensorflow")
    _package.__path__ = [TENSORFLOW_FOLDER]
    sys.modules["tensorflow"] = _package
