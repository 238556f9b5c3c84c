"""Things that threads take in turn."""

import collections
import threading
from concurrent.futures import Future


class Pool:
    """Who waits longest is served first, as in the real server's queue; Python's own queues let a thread that comes anew overtake those
    that wait, for seconds where there are more callers than requests."""

    def __init__(self, things):
        self._lock = threading.Lock()
        self._idle = collections.deque(things)
        self._waiting = collections.deque()

    def take(self):
        """One of the things, as soon as it is this thread's turn."""
        with self._lock:
            if self._idle:
                return self._idle.popleft()
            turn = Future()
            self._waiting.append(turn)
        return turn.result()

    def give(self, thing):
        """Hands it to who waits longest, if anyone does."""
        with self._lock:
            if not self._waiting:
                self._idle.append(thing)
                return
            turn = self._waiting.popleft()
        turn.set_result(thing)
