import { createServer as createHttp } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { makePayload } from "../clients/payload.ts";

/*
 * A server with fixed answers, by Node's own HTTP/2 and HTTP/1: `node server.ts`. It prints its ports, and ends when its stdin closes.
 * Its gRPC ports differ in their windows for requests, its REST ports in how long they wait before they answer.
 */

const payload = makePayload(60_000);
const message = Buffer.concat([Buffer.alloc(5), payload.grpcAnswer]);
message.writeUInt32BE(payload.grpcAnswer.length, 1);

/** @param windowBytes of a stream and of a connection */
async function grpcPort(windowBytes: number): Promise<number> {
  const server = createHttp2({ settings: { initialWindowSize: windowBytes } });
  server.on("session", (session) => session.setLocalWindowSize(windowBytes));
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    stream.resume().on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(message);
    });
  });
  return listening(server);
}

/** @param waitMs what it takes for each answer */
async function restPort(waitMs: number): Promise<number> {
  const server = createHttp({ keepAliveTimeout: 120_000 }, (request, response) => {
    request.resume().on("end", () => {
      const answer = () => response.writeHead(200, { "content-type": "application/json" }).end(payload.restAnswer);
      if (waitMs === 0) answer();
      else void sleep(waitMs).then(answer);
    });
  });
  return listening(server);
}

function listening(server: ReturnType<typeof createHttp> | ReturnType<typeof createHttp2>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "0.0.0.0", () => resolve((server.address() as AddressInfo).port));
  });
}

const ports = {
  grpc: await grpcPort(2 ** 24),
  "grpc-64k": await grpcPort(65_535),
  rest: await restPort(0),
  "rest-slow": await restPort(400),
};
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume().on("end", () => process.exit(0));
