"""Whose turn it is."""

import threading
import time
import unittest

from lathe_ov.pool import Pool

CALLERS = 3
LIMIT_SECONDS = 30


class Turns(unittest.TestCase):
    def test_one_that_comes_anew_does_not_overtake(self):
        pool = Pool(["request"])
        served = []

        def caller(name):
            thing = pool.take()
            served.append(name)
            pool.give(thing)

        thing = pool.take()
        threads = [threading.Thread(target=caller, args=(name,)) for name in range(CALLERS)]
        for count, thread in enumerate(threads, 1):
            thread.start()
            end = time.monotonic() + LIMIT_SECONDS
            while len(pool._waiting) < count and time.monotonic() < end:
                time.sleep(0.001)
        pool.give(thing)
        served.append(("anew", pool.take())[0])
        for thread in threads:
            thread.join(LIMIT_SECONDS)
        self.assertEqual(served, [*range(CALLERS), "anew"])

    def test_as_many_have_one_as_there_are(self):
        pool = Pool(range(2))
        self.assertEqual({pool.take(), pool.take()}, {0, 1})
        pool.give(1)
        self.assertEqual(pool.take(), 1)


if __name__ == "__main__":
    unittest.main()
