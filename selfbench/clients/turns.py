"""Turns of a Python client in `npm run bench:clients`."""

import json
import os
import sys
import time


def serve(call):
    """For each line on stdin, {"calls": N, "seconds": S}, makes at least N calls for at least S seconds, and prints their latencies."""
    print(json.dumps({"ready": True}), flush=True)
    clock = time.perf_counter
    for line in sys.stdin:
        asked = json.loads(line)
        latencies = []
        until = clock() + asked["seconds"]
        while len(latencies) < asked["calls"] or clock() < until:
            start = clock()
            call()
            latencies.append((clock() - start) * 1e3)
        print(json.dumps({"latenciesMs": latencies}), flush=True)
    os._exit(0)
