"""Unit tests of the stand-in: `python -m unittest discover -t . tests` in lab/tf-serving; test/wire/tfs.test.ts runs them."""
