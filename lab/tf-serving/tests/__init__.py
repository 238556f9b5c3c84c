"""Unit tests of the stand-in: `python -m unittest discover -t . tests` in lab/tf-serving, with PYTHONPATH=../tensorflow; test/wire/tfs.test.ts runs them."""
