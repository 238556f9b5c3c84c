"""Starts the server: listen, load what is configured, then look for what is new until told to stop."""

import gc
import os
import signal
import sys
import threading

import openvino
from lathe_tf.errors import Fault
from lathe_tfs import grpc_service, log
from lathe_tfs.http_server import HttpServer

from . import MATCHES, NAME, VERSION
from .flags import parse
from .kserve.service import Service as KServe
from .manager import Models
from .metrics import Metrics
from .predict import Core, Service
from .rest import Rest

STOP_SECONDS = 0.5


def main(arguments):
    """Runs until SIGTERM or SIGINT; the exit code."""
    flags = parse(arguments)
    log.info(f"{NAME} {VERSION}: a stand-in for {MATCHES}, not its binary. OpenVINO {openvino.__version__}")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        models = Models(flags)
    except Fault as fault:
        log.error(f"Reading config failed: {fault}")
        return 1
    core = Core(models, Metrics(models))
    server = _listen(core, flags)
    threading.Thread(target=_load, args=(models, flags, stop), daemon=True).start()
    while not stop.wait(3600):
        pass
    if server is not None:
        server.stop(STOP_SECONDS).wait(STOP_SECONDS)
    return 0


def _listen(core, flags):
    """The ports are open before any model is loaded: whoever asks for readiness gets an answer."""
    server = None
    if flags.rest_port:
        HttpServer(flags.rest_port, Rest(core, core.manager.metrics))
        log.info(f"Started REST server at 0.0.0.0:{flags.rest_port}")
    if flags.port:
        server = grpc_service.serve([Service(core), KServe(core)], flags.port, flags.grpc_max_threads)
        log.info(f"Started gRPC server on port {flags.port}")
    return server


def _load(models, flags, stop):
    pause = flags.file_system_poll_wait_seconds
    while True:
        try:
            models.refresh()
        except Fault as fault:
            log.error(f"Loading config failed: {fault}")
        if pause <= 0:
            break
        if stop.wait(pause):
            return
    # What start-up made lives as long as the process: no later collection need look at it.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # OpenVINO's threads may still compute: the process does not wait for them.
    sys.stderr.flush()
    os._exit(code)
