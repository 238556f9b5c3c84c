"""HTTP/1.1 with little around it: Python's own http.server spends as long on headers as a small model on an answer."""

import gzip
import socket
import threading
import zlib
from email.utils import formatdate
from http import HTTPStatus

from . import NAME, VERSION, log

LINE_LIMIT = 65536
HEADER_LIMIT = 200


class BadRequest(Exception):
    """The connection is answered with 400 and closed."""


class HttpServer:
    """Calls `handler(method, path, body, headers)` in one thread a connection.

    It gives (status, content type, bytes) or, as a fourth, further headers.
    """

    def __init__(self, port, handler):
        self._handler = handler
        self._listener = socket.create_server(("0.0.0.0", port), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """No new connections; those there are end with the process."""
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb", buffering=1 << 16) as reader:
            try:
                while self._exchange(connection, reader):
                    pass
            except BadRequest as fault:
                _send(connection, 400, "text/plain", f"{fault}\n".encode(), close=True)
            except (ConnectionError, TimeoutError, OSError):
                pass

    def _exchange(self, connection, reader):
        """One request and its answer; False where the connection ends."""
        line = reader.readline(LINE_LIMIT)
        while line in (b"\r\n", b"\n"):
            line = reader.readline(LINE_LIMIT)
        if not line:
            return False
        method, target, protocol = _request_line(line)
        headers = _headers(reader)
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _body(reader, headers)
        wish = headers.get("connection", "").lower()
        close = wish == "close" or (protocol == "HTTP/1.0" and wish != "keep-alive")
        try:
            status, kind, answer, *more = self._handler(method, target.split("?")[0], body, headers)
        except Exception as fault:  # a fault of ours must not end the server
            log.error(f"{method} {target}: {type(fault).__name__}: {fault}")
            status, kind, answer, *more = 500, "text/plain", b"internal error\n"
        _send(connection, status, kind, b"" if method == "HEAD" else answer, close, *more)
        return not close


def _request_line(line):
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest("malformed request line")
    return parts


def _headers(reader):
    headers = {}
    for _ in range(HEADER_LIMIT):
        line = reader.readline(LINE_LIMIT)
        if line in (b"\r\n", b"\n", b""):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest("malformed header")
        headers[name.strip().lower()] = value.strip()
    raise BadRequest("too many headers")


def _body(reader, headers):
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _chunks(reader)
    else:
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise BadRequest("malformed Content-Length")
        body = _read(reader, int(length))
    if headers.get("content-encoding", "").lower() == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise BadRequest("malformed gzip body") from None
    return body


def _chunks(reader):
    parts = []
    while True:
        try:
            size = int(reader.readline(LINE_LIMIT).split(b";")[0], 16)
        except ValueError:
            raise BadRequest("malformed chunk") from None
        if size == 0:
            _headers(reader)
            return b"".join(parts)
        parts.append(_read(reader, size))
        reader.readline(LINE_LIMIT)


def _read(reader, size):
    body = reader.read(size)
    if len(body) != size:
        raise ConnectionError("the client went away")
    return body


def _send(connection, status, kind, body, close, more=None):
    fields = "".join(f"{name}: {value}\r\n" for name, value in (more or {}).items())
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
        f"Date: {formatdate(usegmt=True)}\r\nServer: {NAME}/{VERSION}\r\nContent-Length: {len(body)}\r\n"
        f"{fields}{'Connection: close' if close else 'Connection: keep-alive'}\r\n\r\n"
    )
    connection.sendall(head.encode("latin-1") + body)
