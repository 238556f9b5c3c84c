"""A gRPC C-core server for the wire tests: raw bytes in, raw bytes out, the method says what happens (see go/main.go)."""

import json
import sys
import threading
import time
from concurrent import futures

import grpc


def answer(method, request, context, server):
    name, _, argument = method.partition("-")
    number = int(argument or 0)
    if name == "big":
        return bytes(i % 251 for i in range(251)) * (number // 251) + bytes(range(number % 251))
    if name == "fail":
        code = next(c for c in grpc.StatusCode if c.value[0] == number)
        context.abort(code, 'nicht gefunden: "ü" 100%\n')
    if name == "sleep":
        time.sleep(number / 1000)
    if name == "headers":
        context.send_initial_metadata([("x-long", "a~\\" * (number // 3))])
        context.set_trailing_metadata([("x-also-long", "b" * number)])
    if name == "leave":
        threading.Thread(target=lambda: server[0].stop(10)).start()
        time.sleep(0.1)
    return request


class Handler(grpc.GenericRpcHandler):
    def __init__(self, server):
        self.server = server

    def service(self, details):
        method = details.method.removeprefix("/test/")
        return grpc.unary_unary_rpc_method_handler(lambda r, c: answer(method, r, c, self.server))


def main():
    flags = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    options = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", 1 << 20),
        ("grpc.absolute_max_metadata_size", 1 << 20),
    ]
    if "-streams" in flags:
        options.append(("grpc.max_concurrent_streams", int(flags["-streams"])))
    if "-window" in flags:
        options += [("grpc.http2.lookahead_bytes", int(flags["-window"])), ("grpc.http2.bdp_probe", 0)]
    server = []
    server.append(grpc.server(futures.ThreadPoolExecutor(8), handlers=(Handler(server),), options=options))
    port = server[0].add_insecure_port("127.0.0.1:0")
    server[0].start()
    print(json.dumps({"port": port}), flush=True)
    sys.stdin.readline()


main()
