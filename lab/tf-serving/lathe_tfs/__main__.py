"""Starts the server: load what is configured, then listen, then look for new versions until told to stop."""

import gc
import os
import signal
import sys
import threading

# TensorFlow's cost model warns once an operation and graph; its errors still show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from lathe_tf import runtime  # noqa: E402
from lathe_tf.errors import Fault  # noqa: E402

from . import MATCHES, NAME, VERSION, config, configs, grpc_service, log  # noqa: E402
from .flags import parse  # noqa: E402
from .http_server import HttpServer  # noqa: E402
from .manager import Manager  # noqa: E402
from .metrics import Metrics  # noqa: E402
from .predict import Core  # noqa: E402
from .rest import Rest  # noqa: E402
from .servable import Servable  # noqa: E402

STOP_SECONDS = 0.5
FIRST_LOOK_SECONDS = 0.2


def main(arguments):
    """Runs until SIGTERM or SIGINT. Loading is another thread's work, so that a signal ends even a long load."""
    flags = parse(arguments)
    log.info(f"{NAME} {VERSION}: a stand-in for {MATCHES}, not its binary. TensorFlow {runtime.version()}")
    credentials = configs.credentials(flags.ssl_config_file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        prometheus = configs.prometheus_path(flags.monitoring_config_file)
        server = Server(flags, config.models(flags), prometheus, credentials, stop)
    except Fault as fault:
        raise SystemExit(f"Failed to start server. Error: {fault}") from None
    threading.Thread(target=server.run, daemon=True).start()
    while not stop.wait(3600):
        pass
    return server.close()


class Server:
    """The parts, and their order."""

    def __init__(self, flags, models, prometheus, credentials, stop):
        self._flags, self._stop, self._exit_code = flags, stop, 0
        self._manager = Manager(models, flags, Servable)
        self._core = Core(self._manager, Metrics())
        self._prometheus, self._credentials = prometheus, credentials
        self._grpc = self._http = None

    def run(self):
        """Like the real server: no port is open before every model is loaded, and a model that cannot be is the end."""
        try:
            self._run()
        except BaseException as fault:
            log.error(f"{type(fault).__name__}: {fault}")
            self._end(1)

    def _run(self):
        self._manager.look()
        while not self._manager.settled():
            if self._stop.wait(FIRST_LOOK_SECONDS):
                return
            self._manager.look()
        failures = self._manager.failures()
        if failures:
            listed = ", ".join(f"{{{{name: {n} version: {v}}} due to error: {text}}}" for n, v, text in failures)
            log.error(f"Failed to start server. Error: {len(failures)} servable(s) did not become available: {listed}")
            return self._end(1)
        self._listen()
        pause = self._flags.file_system_poll_wait_seconds
        while pause > 0 and not self._stop.wait(pause):
            self._manager.look()

    def _listen(self):
        # What start-up made lives as long as the process: no later collection need look at it.
        gc.collect()
        gc.freeze()
        if self._flags.port:
            threads = self._flags.grpc_max_threads
            self._grpc = grpc_service.serve([grpc_service.Service(self._core)], self._flags.port, threads, self._credentials)
            log.info(f"Running gRPC ModelServer at 0.0.0.0:{self._flags.port} ...")
        if self._flags.rest_api_port:
            self._http = HttpServer(self._flags.rest_api_port, Rest(self._core, self._prometheus))
            log.info(f"Exporting HTTP/REST API at:localhost:{self._flags.rest_api_port} ...")

    def _end(self, code):
        self._exit_code = code
        self._stop.set()

    def close(self):
        """The exit code, after calls under way had half a second."""
        if self._http is not None:
            self._http.close()
        if self._grpc is not None:
            self._grpc.stop(STOP_SECONDS).wait(STOP_SECONDS)
        return self._exit_code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # TensorFlow's threads may still compute: the process does not wait for them.
    sys.stderr.flush()
    os._exit(code)
