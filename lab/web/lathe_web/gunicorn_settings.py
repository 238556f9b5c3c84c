"""gunicorn's settings. It reads WEB_CONCURRENCY (workers) itself; the app is loaded in each worker, since a session made before the
fork would hang in all of them."""

import os

from .__main__ import GRACE, KEEP_ALIVE, PORT

bind = f"0.0.0.0:{PORT}"
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
keepalive = KEEP_ALIVE
graceful_timeout = GRACE
# A worker that is silent for so long is taken for hung. A bench freezes all of the server while it measures a neighbour, and the clock goes
# on: with the two minutes that a large model's load may take, its workers could be overdue when they are thawed.
timeout = 3600
# Workers touch a file there all the time: memory, and writable where the root is not.
worker_tmp_dir = "/dev/shm"
# Nobody manages it while it runs, and its home cannot be written.
control_socket_disable = True
