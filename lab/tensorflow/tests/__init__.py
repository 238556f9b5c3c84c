"""Unit tests of lathe_tf: `python -m unittest discover -t . tests` in lab/tensorflow; test/wire/tfs.test.ts runs them."""
