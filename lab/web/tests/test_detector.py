"""The requests and answers that the three frameworks share, with real models (WEB_MODELS: null 1, and one that is broken)."""

import base64
import json
import unittest

import numpy as np

from lathe_web import detector

PIXELS = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
LISTS = {"inputs": PIXELS.tolist()}
FILE = {"file": base64.b64encode(b"JPEG").decode()}


def asked(name, body, version=None):
    status, text = detector.answer(name, version, body if isinstance(body, bytes) else json.dumps(body).encode())
    return status, json.loads(text)


class Parsers(unittest.TestCase):
    def test_both_read_the_same(self):
        for parse in detector.PARSERS.values():
            for extra, signature in (({}, "serving_default"), ({"signature": "own"}, "own")):
                found, array = parse(json.dumps({**LISTS, **extra}).encode())
                self.assertEqual((found, array.dtype, array.tolist()), (signature, np.uint8, LISTS["inputs"]))
            self.assertEqual(parse(json.dumps(FILE).encode()), ("serving_bytes", [b"JPEG"]))


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        detector.load()

    def test_a_model_answers_lists_and_files(self):
        png = {"file": base64.b64encode(detector._PNG).decode()}
        for body in ({"inputs": [[[[1, 2, 3]]]]}, png):
            status, answer = asked("null", body)
            self.assertEqual((status, len(answer["outputs"]["detection_boxes"])), (200, 1))
            self.assertIsInstance(answer["worker"], int)

    def test_a_model_answers_in_its_version_alone(self):
        self.assertEqual(asked("null", LISTS, 1)[0], 200)
        self.assertEqual(asked("null", LISTS, 2), (404, {"error": "no model null is served in version 2"}))
        self.assertEqual(asked("other", LISTS), (404, {"error": "no model other is served"}))

    def test_a_model_that_cannot_be_loaded_is_told_to_whoever_asks(self):
        status, answer = asked("broken", LISTS)
        self.assertEqual(status, 500)
        self.assertRegex(answer["error"], "^model broken version 7 cannot be loaded: ")
        status, text = detector.health()
        self.assertEqual((status, len(json.loads(text)["failed"])), (503, 1))

    def test_what_is_no_request_is_refused_in_a_few_words(self):
        bodies = [b"", b"{", b"[]", b"1", b"null", b'{"inputs": "x"}', b'{"inputs": [[1], [1, 2]]}', b'{"inputs": {}}']
        bodies += [b'{"file": "%"}', b'{"file": 1}', b'{"inputs": [[[[1, "a"]]]]}', b"\xff\xfe", b"{}"]
        bodies += [b'{"inputs": [], "signature": "none"}', b'{"inputs": [1], "signature": []}', b"[" * 100_000]
        for parser in detector.PARSERS.values():
            detector.parse = parser
            for body in bodies:
                status, answer = asked("null", body)
                self.assertEqual(status, 400, body[:50])
                self.assertLess(len(answer["error"]), 600)
        detector.parse = detector.PARSERS["json"]


if __name__ == "__main__":
    unittest.main()
