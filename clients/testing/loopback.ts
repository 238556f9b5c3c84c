import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";

/** A server on loopback, for tests: by Node's own implementation of the protocol. */
export interface Loopback {
  readonly port: number;
  close(): void;
}

/** A gRPC server that answers each call with a message of these bytes, when it has them. */
export async function grpcServer(answer: (path: string) => Uint8Array | Promise<Uint8Array>): Promise<Loopback> {
  const server = createHttp2();
  server.on("stream", (stream, headers) => {
    const respond = (message: Uint8Array) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat([prefix, message]));
    };
    stream.resume().on("end", () => void Promise.resolve(answer(headers[":path"] ?? "")).then(respond));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** What a request over HTTP/1.1 asked for. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** What an HTTP/1.1 server answers with. */
type Answer = readonly [status: number, text: string];

/** An HTTP/1.1 server that answers with a status and a text, when it has them. */
export async function httpServer(answer: (asked: Asked) => Answer | Promise<Answer>): Promise<Loopback> {
  const server = createHttp((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request
      .on("data", (bytes: Buffer) => parts.push(bytes))
      .on("end", () => {
        const { method = "", url: path = "" } = request;
        const asked = { method, path, body: Buffer.concat(parts).toString("utf8") };
        void Promise.resolve(answer(asked)).then(([status, text]) =>
          response.writeHead(status, { "content-type": "application/json" }).end(text),
        );
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
