import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { clientKind } from "../../clients/registry.ts";
import { modelStatus, versionOfLabel } from "../../clients/tf-serving/status.ts";
import type { CallResult, Client, PredictRequest } from "../../clients/client.ts";

/*
 * Peers that do not behave, over real TCP: whatever they do, a call ends with a result that says what became of it, in time.
 */

const request: PredictRequest = {
  model: "m",
  inputs: { inputs: { dtype: "DT_UINT8", shape: [1, 300, 300, 3], data: new Uint8Array(270_000).fill(7) } },
  timeoutMs: 1500,
};

let servers: Server[] = [];
let sockets: Socket[] = [];
let clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  [servers, sockets, clients] = [[], [], []];
});

/** A TCP server on a free port; `act` gets each connection. */
async function peer(act: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    act(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function client(name: string, port: number): Client {
  const made = clientKind(name).create("127.0.0.1", port);
  clients.push(made);
  return made;
}

/** Opens and makes one call; what `open` throws counts as the call's own outcome. */
async function outcome(name: string, port: number): Promise<CallResult> {
  const made = client(name, port);
  await made.open(2000);
  return made.call(request);
}

const frame = (type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const SETTINGS = frame(4, 0, 0);
const uint32 = (...values: number[]) => Buffer.concat(values.map((v) => Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v)));
const field = (name: string, value: string) =>
  Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
const HEAD = Buffer.concat([Buffer.of(0x88), field("content-type", "application/grpc")]);
const OK = field("grpc-status", "0");
const EMPTY_MESSAGE = Buffer.from("0000000000", "hex");

/** An HTTP/2 peer that greets and then sends `frames` at the first bytes of a request. */
function http2Peer(frames: readonly Buffer[], after?: (socket: Socket) => void): Promise<number> {
  return peer((socket) => {
    let answered = false;
    let seen = Buffer.alloc(0);
    // Room for the whole request, so that no client is kept from ending it.
    socket.write(Buffer.concat([frame(4, 0, 0, Buffer.from("000400100000", "hex")), frame(8, 0, 0, uint32(2 ** 20))]));
    socket.on("data", (bytes: Buffer) => {
      if (answered) return;
      seen = Buffer.concat([seen, bytes.subarray(0, 4096)]);
      // HEADERS of stream 1: type 1, END_HEADERS, with or without END_STREAM.
      if (!seen.includes(Buffer.from("010400000001", "hex"))) return;
      answered = true;
      for (const bytes of frames) socket.write(bytes);
      after?.(socket);
    });
  });
}

const grpcClients = ["probe", "grpc-js"];
const restClients = ["rest"];

describe.each([...grpcClients, ...restClients])("%s", (name) => {
  it("cannot be opened where nobody listens, and names the address", async () => {
    const port = await peer(() => undefined);
    servers[0]?.close();
    await expect(client(name, port).open(2000)).rejects.toThrow(`127.0.0.1:${port}`);
  });

  it("tells a peer that vanished between two calls as UNAVAILABLE, and the address", async () => {
    const port = await peer((socket) => {
      if (name !== "rest") socket.write(SETTINGS);
    });
    const made = client(name, port);
    await made.open(2000);
    servers[0]?.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const result = await made.call(request);
    expect(result).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
    expect(result.ok ? "" : result.error.message).toContain(`127.0.0.1:${port}`);
  });

  it("tells a connection that is reset in the middle of a request as UNAVAILABLE", async () => {
    const port = await peer((socket) => {
      if (name !== "rest") socket.write(SETTINGS);
      let got = 0;
      socket.on("data", (bytes) => {
        got += bytes.length;
        if (got > 100_000 || name !== "rest") setTimeout(() => socket.resetAndDestroy(), 20);
      });
    });
    const result = await outcome(name, port).catch((error: Error) => error);
    if (!(result instanceof Error)) expect(result).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
    else expect(result.message).toContain("127.0.0.1");
  });

  it("gives a silent peer up at the deadline, and lets the process end", async () => {
    const port = await peer((socket) => {
      if (name !== "rest") socket.write(SETTINGS);
      socket.resume();
    });
    const startAt = performance.now();
    expect(await outcome(name, port)).toMatchObject({ ok: false, error: { code: "DEADLINE_EXCEEDED" } });
    expect(performance.now() - startAt).toBeGreaterThan(1400);
  });

  it("refuses a tensor that is not what its shape says, without sending it", async () => {
    const port = await peer((socket) => {
      if (name !== "rest") socket.write(SETTINGS);
      socket.resume();
    });
    const made = client(name, port);
    await made.open(2000);
    const bad = { ...request, inputs: { x: { dtype: "DT_UINT8" as const, shape: [2], data: new Uint8Array(3) } } };
    expect(await made.call(bad)).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT" } });
  });
});

describe.each(grpcClients)("%s and an HTTP/2 peer", (name) => {
  it("reads a whole answer, with padding, interim headers and unknown frames between", async () => {
    const padded = Buffer.concat([Buffer.of(3), EMPTY_MESSAGE, Buffer.alloc(3)]);
    const frames = [frame(1, 4, 1, Buffer.concat([Buffer.of(0x08, 3), Buffer.from("103")])), frame(1, 4, 1, HEAD)];
    const rest = [frame(0xbe, 0, 0, Buffer.of(1)), frame(0, 8, 1, padded), frame(1, 5, 1, OK)];
    const port = await http2Peer([...frames, ...rest]);
    expect(await outcome(name, port)).toMatchObject({ ok: true, outputs: {}, responseBytes: 0 });
  });

  it.each<[string, Buffer[], RegExp]>([
    ["an answer that ends without a status", [frame(1, 4, 1, HEAD), frame(0, 1, 1, EMPTY_MESSAGE)], /UNKNOWN|INTERNAL/],
    [
      "a message shorter than it promised",
      [frame(1, 4, 1, HEAD), frame(0, 0, 1, Buffer.from("0000000009aa", "hex")), frame(1, 5, 1, OK)],
      /INTERNAL|UNIMPLEMENTED/,
    ],
    ["no message at all", [frame(1, 4, 1, HEAD), frame(1, 5, 1, OK)], /INTERNAL|UNIMPLEMENTED/],
    [
      "a message that is no PredictResponse",
      [frame(1, 4, 1, HEAD), frame(0, 0, 1, Buffer.from("00000000020aff", "hex")), frame(1, 5, 1, OK)],
      /INTERNAL/,
    ],
    [
      "HTTP 503 from something between",
      [frame(1, 5, 1, Buffer.concat([Buffer.of(0x08, 3), Buffer.from("503")]))],
      /UNAVAILABLE/,
    ],
    // grpc-js tries again by itself, until the deadline: the peer answers only once.
    ["a reset with REFUSED_STREAM", [frame(3, 0, 1, uint32(7))], /UNAVAILABLE|DEADLINE_EXCEEDED/],
    ["a reset with INTERNAL_ERROR", [frame(3, 0, 1, uint32(2))], /INTERNAL/],
    ["a reset with ENHANCE_YOUR_CALM", [frame(3, 0, 1, uint32(11))], /RESOURCE_EXHAUSTED/],
    ["GOAWAY before the call was taken", [frame(7, 0, 0, uint32(0, 0))], /UNAVAILABLE|DEADLINE_EXCEEDED/],
  ])("tells %s", async (_what, frames, code) => {
    const result = await outcome(name, await http2Peer(frames));
    expect(result.ok).toBe(false);
    expect(result.ok ? "" : result.error.code).toMatch(code);
  });

  it("tells a connection that ends in the middle of an answer as UNAVAILABLE", async () => {
    const half = frame(0, 0, 1, Buffer.from("00000003e8aaaa", "hex"));
    const port = await http2Peer([frame(1, 4, 1, HEAD), half], (socket) => socket.end());
    expect(await outcome(name, port)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  });

  it("reads an answer that comes byte by byte", async () => {
    const whole = Buffer.concat([frame(1, 4, 1, HEAD), frame(0, 0, 1, EMPTY_MESSAGE), frame(1, 5, 1, OK)]);
    const port = await http2Peer([], (socket) => {
      socket.setNoDelay(true);
      void (async () => {
        for (const byte of whole) {
          socket.write(Uint8Array.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
    });
    expect(await outcome(name, port)).toMatchObject({ ok: true });
  });
});

describe("probe and a peer that breaks HTTP/2", () => {
  it.each<[string, Buffer[]]>([
    ["a frame beyond the size we allow", [frame(0, 0, 1, Buffer.alloc(16_385))]],
    ["CONTINUATION out of nowhere", [frame(9, 4, 1, HEAD)]],
    ["a header block that is interrupted", [frame(1, 0, 1, HEAD), frame(6, 0, 0, Buffer.alloc(8))]],
    ["padding longer than its frame", [frame(1, 4, 1, HEAD), frame(0, 8, 1, Buffer.of(9, 0))]],
    ["a push", [frame(5, 4, 1, Buffer.concat([uint32(2), HEAD]))]],
    ["DATA outside of a stream", [frame(0, 0, 0, Buffer.of(1))]],
    ["a table entry that is not there", [frame(1, 4, 1, Buffer.of(0xfe))]],
    ["a dynamic table that was not offered", [frame(1, 4, 1, Buffer.of(0x3f, 0xe1, 0x1f))]],
    ["a wrong Huffman code", [frame(1, 4, 1, Buffer.from("0081" + "00" + "00", "hex"))]],
    ["a window beyond all bounds", [frame(8, 0, 0, uint32(0x7fffffff))]],
    ["an initial window beyond all bounds", [frame(4, 0, 0, Buffer.from("0004ffffffff", "hex"))]],
    ["a window update of nothing", [frame(8, 0, 0, uint32(0))]],
    ["a frame size that may not be", [frame(4, 0, 0, Buffer.from("000500000001", "hex"))]],
    ["garbage", [Buffer.from("\xff".repeat(64), "latin1")]],
  ])("says GOAWAY to %s and ends the call as UNAVAILABLE", async (_what, frames) => {
    const received: Buffer[] = [];
    const port = await http2Peer(frames, (socket) => socket.on("data", (bytes: Buffer) => received.push(bytes)));
    const result = await outcome("probe", port);
    expect(result).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
    expect(result.ok ? "" : result.error.message).toContain("HTTP/2");
    await expect
      .poll(() => Buffer.concat(received).includes(Buffer.from("000008" + "0700" + "00000000", "hex")))
      .toBe(true);
  });

  it("takes a window that a peer narrows in the middle, and settings at any time", async () => {
    // 270 kB do not fit the first window of 65,535: the peer shrinks it, widens it in steps, and expects every byte.
    const port = await peer((socket) => {
      let got = 0;
      socket.write(SETTINGS);
      socket.on("data", (bytes: Buffer) => {
        const before = got;
        got += bytes.length;
        if (before === 0) socket.write(frame(4, 0, 0, Buffer.from("000400001000", "hex")));
        socket.write(
          Buffer.concat([frame(8, 0, 0, uint32(9000)), frame(8, 0, 1, uint32(9000)), frame(6, 0, 0, Buffer.alloc(8))]),
        );
        if (got > 270_000 && before <= 270_000)
          socket.write(Buffer.concat([frame(1, 4, 1, HEAD), frame(0, 0, 1, EMPTY_MESSAGE), frame(1, 5, 1, OK)]));
      });
    });
    expect(await outcome("probe", port)).toMatchObject({ ok: true });
  });

  it("connects anew, outside of a call's time, after the peer went away", async () => {
    let connections = 0;
    const answer = [frame(1, 4, 1, HEAD), frame(0, 0, 1, EMPTY_MESSAGE), frame(1, 5, 1, OK)];
    const port = await peer((socket) => {
      connections++;
      socket.write(SETTINGS);
      let seen = Buffer.alloc(0);
      let done = false;
      socket.on("data", (bytes: Buffer) => {
        seen = Buffer.concat([seen, bytes.subarray(0, 4096)]);
        if (done || !seen.includes(Buffer.from("010400000001", "hex"))) return;
        done = true;
        socket.end(Buffer.concat([...answer, frame(7, 0, 0, uint32(1, 0))]));
      });
    });
    const made = client("probe", port);
    await made.open(2000);
    expect(await made.call(request)).toMatchObject({ ok: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await made.call(request)).toMatchObject({ ok: true });
    expect(connections).toBe(2);
  });
});

describe("probe and a server that has not begun a call", () => {
  const whole = (stream: number) => [
    frame(1, 4, stream, HEAD),
    frame(0, 0, stream, EMPTY_MESSAGE),
    frame(1, 5, stream, OK),
  ];
  const asked = (stream: number) => Buffer.concat([Buffer.of(1, 4), uint32(stream)]);
  const window = Buffer.concat([frame(4, 0, 0, Buffer.from("000400100000", "hex")), frame(8, 0, 0, uint32(2 ** 21))]);

  /** A peer that gives each stream's HEADERS, counted over all connections, the next of these answers. */
  async function inTurn(...answers: ((stream: number) => readonly Buffer[])[]) {
    const seen = { connections: 0 };
    const port = await peer((socket) => {
      seen.connections++;
      socket.write(window);
      let [heard, stream] = [Buffer.alloc(0), 1];
      socket.on("data", (bytes: Buffer) => {
        heard = Buffer.concat([heard, bytes]);
        if (!heard.includes(asked(stream))) return;
        for (const part of answers.shift()?.(stream) ?? []) socket.write(part);
        stream += 2;
        heard = Buffer.alloc(0);
      });
    });
    return { port, seen };
  }

  it.each<[string, (stream: number) => readonly Buffer[], number]>([
    ["refuses its stream", (stream) => [frame(3, 0, stream, uint32(7))], 1],
    ["goes away below its stream", () => [frame(7, 0, 0, uint32(0, 0))], 2],
    [
      "goes away below its stream for a reason",
      () => [frame(7, 0, 0, Buffer.concat([uint32(0, 11), Buffer.from("full")]))],
      2,
    ],
  ])("makes it once more where that %s, and tells so", async (_what, first, connections) => {
    const { port, seen } = await inTurn(first, whole);
    const result = await outcome("probe", port);
    expect(result).toMatchObject({ ok: true, retried: true });
    if (!result.ok) throw new Error(result.error.message);
    const { encodeMs, sendMs, waitMs, receiveMs, decodeMs, totalMs } = result.timing;
    const parts = [encodeMs, sendMs, waitMs, receiveMs, decodeMs].map((part) => part ?? Number.NaN);
    expect(parts.reduce((a, b) => a + b)).toBeCloseTo(totalMs, 6);
    expect(seen.connections).toBe(connections);
  });

  it.each<[string, (stream: number) => readonly Buffer[], string]>([
    ["refuses it twice", (stream) => [frame(3, 0, stream, uint32(7))], "REFUSED_STREAM"],
    ["goes away twice", () => [frame(7, 0, 0, uint32(0, 0))], "going away"],
  ])("gives up where that %s, and tells so", async (_what, answer, words) => {
    const result = await outcome("probe", (await inTurn(answer, answer, whole)).port);
    expect(result).toMatchObject({ ok: false, retried: true, error: { code: "UNAVAILABLE" } });
    expect(result.ok ? "" : result.error.message).toContain(words);
  });

  it.each<[string, (stream: number) => readonly Buffer[]]>([
    ["refuses it after it began to answer", (stream) => [frame(1, 4, stream, HEAD), frame(3, 0, stream, uint32(7))]],
    [
      "goes away below it after it began to answer",
      (stream) => [frame(1, 4, stream, HEAD), frame(7, 0, 0, uint32(0, 0))],
    ],
    [
      "goes away below it after half an answer",
      (stream) => [frame(1, 4, stream, HEAD), frame(0, 0, stream, EMPTY_MESSAGE), frame(7, 0, 0, uint32(0, 0))],
    ],
    ["resets it for another reason", (stream) => [frame(3, 0, stream, uint32(2))]],
    ["goes away above it and ends", (stream) => [frame(7, 0, 0, uint32(stream, 0)), frame(3, 0, stream, uint32(8))]],
  ])("makes no second attempt where that %s", async (_what, first) => {
    const result = await outcome("probe", (await inTurn(first, whole)).port);
    expect(result.ok).toBe(false);
    expect(result).not.toHaveProperty("retried");
  });

  it("counts both attempts into the call's time, and ends both at its deadline", async () => {
    const startAt = performance.now();
    const result = await outcome(
      "probe",
      (
        await inTurn(
          (stream) => [frame(3, 0, stream, uint32(7))],
          () => [],
        )
      ).port,
    );
    expect(result).toMatchObject({ ok: false, retried: true, error: { code: "DEADLINE_EXCEEDED" } });
    expect(performance.now() - startAt).toBeGreaterThan(request.timeoutMs - 100);
  });
});

describe.each(grpcClients)("%s and a peer of another protocol", (name) => {
  it("cannot be opened, and says why", async () => {
    const port = await peer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    await expect(client(name, port).open(1500)).rejects.toThrow(`no gRPC connection to 127.0.0.1:${port}`);
  });
});

/** An HTTP/1.1 peer that waits for a whole request and then sends `answer`. */
function httpPeer(answer: string | Buffer, after?: (socket: Socket) => void): Promise<number> {
  return peer((socket) => {
    let got = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      got = Buffer.concat([got, bytes]);
      const head = got.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(got.toString("latin1", 0, head))?.[1] ?? 0);
      if (got.length < head + 4 + length) return;
      got = Buffer.alloc(0);
      socket.write(answer);
      after?.(socket);
    });
  });
}

const response = (status: string, body: string, length = body.length) =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;

describe("rest and an HTTP peer", () => {
  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const)("reads an answer that something between has coded by %s", async (coding, encode) => {
    const body = encode(Buffer.from('{"predictions":[{"a":[1,2]}]}'));
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}, ${body.length}\r\n\r\n`;
    const port = await httpPeer(Buffer.concat([Buffer.from(head), body]));
    expect(await outcome("rest", port)).toMatchObject({
      ok: true,
      outputs: { a: { data: Float32Array.of(1, 2) } },
      responseBytes: body.length,
    });
  });

  it("tells a coding that nobody asked for and Lathe does not read, in words", async () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 2\r\n\r\n(\xb5";
    expect(await outcome("rest", await httpPeer(answer))).toMatchObject({
      error: { code: "UNAVAILABLE", message: expect.stringContaining('coded by "zstd"') as string },
    });
  });

  it("keeps one connection for many calls and sees every phase", async () => {
    const port = await httpPeer(response("200 OK", '{"predictions":[{"a":[1,2]}]}'));
    const made = client("rest", port);
    await made.open(2000);
    for (let i = 0; i < 3; i++) {
      const result = await made.call(request);
      if (!result.ok) throw new Error(result.error.message);
      const { encodeMs, sendMs, waitMs, receiveMs, decodeMs, totalMs } = result.timing;
      const parts = [encodeMs, sendMs, waitMs, receiveMs, decodeMs].map((part) => part ?? Number.NaN);
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      expect(parts.reduce((a, b) => a + b)).toBeCloseTo(totalMs, 6);
    }
    expect(sockets.length).toBe(1);
  });

  it.each([
    ["400 Bad Request", '{"error": "input must be 4-dimensional"}', "INVALID_ARGUMENT", "input must be 4-dimensional"],
    ["404 Not Found", '{"error": "Servable not found for request: Latest(m)"}', "NOT_FOUND", "Servable not found"],
    ["503 Service Unavailable", "busy", "UNAVAILABLE", "HTTP 503: busy"],
    ["500 Internal Server Error", "", "INTERNAL", "HTTP 500 without a body"],
    ["418 Teapot", "", "UNKNOWN", "HTTP 418"],
    ["200 OK", "<html>", "INTERNAL", "not JSON"],
    ["200 OK", '{"predictions":[{"a":[1,', "INTERNAL", "not JSON"],
    ["204 No Content", "", "UNKNOWN", "HTTP 204"],
  ])("tells %s %s as %s", async (status, body, code, message) => {
    const result = await outcome("rest", await httpPeer(response(status, body)));
    expect(result).toMatchObject({ ok: false, error: { code } });
    expect(result.ok ? "" : result.error.message).toContain(message);
  });

  it.each([
    ["a body shorter than promised", response("200 OK", '{"predictions":[', 500), (socket: Socket) => socket.end()],
    [
      "a reset in the middle of a body",
      response("200 OK", '{"predictions":[', 500),
      (s: Socket) => s.resetAndDestroy(),
    ],
    ["an end before any answer", "", (socket: Socket) => socket.end()],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-", (socket: Socket) => socket.end()],
    ["garbage", "\xff\xfe garbage\r\n\r\n", () => undefined],
    ["two lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", () => undefined],
    ["an HTTP/2 peer", SETTINGS.toString("latin1"), () => undefined],
  ])("tells %s as UNAVAILABLE", async (_what, answer, after) => {
    expect(await outcome("rest", await httpPeer(answer, after))).toMatchObject({
      ok: false,
      error: { code: "UNAVAILABLE" },
    });
  });

  it("tells a body that never ends at the deadline, and connects anew for the next call", async () => {
    const port = await httpPeer(response("200 OK", '{"predictions":[', 500));
    const made = client("rest", port);
    await made.open(2000);
    expect(await made.call(request)).toMatchObject({ ok: false, error: { code: "DEADLINE_EXCEEDED" } });
    expect(await made.call(request)).toMatchObject({ ok: false, error: { code: "DEADLINE_EXCEEDED" } });
    expect(sockets.length).toBe(2);
  });

  it("does not take what a peer sends after its answer for the next one", async () => {
    const port = await httpPeer(
      `${response("200 OK", '{"predictions":[1]}')}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}`,
    );
    const made = client("rest", port);
    await made.open(2000);
    await made.call(request);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = await made.call(request);
    expect(second.ok ? second.outputs[""]?.data : null).toEqual(second.ok ? Float32Array.of(1) : null);
  });

  it("takes the server's closing of an idle connection without an error", async () => {
    const port = await httpPeer(response("200 OK", '{"predictions":[1]}'), (socket) =>
      setTimeout(() => socket.end(), 20),
    );
    const made = client("rest", port);
    await made.open(2000);
    for (let i = 0; i < 3; i++) {
      expect(await made.call(request)).toMatchObject({ ok: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sockets.length).toBe(3);
  });
});

describe("status and metadata over REST", () => {
  const query = (port: number) => ({
    protocol: "rest" as const,
    address: "127.0.0.1",
    port,
    model: "m",
    timeoutMs: 1500,
  });

  it("reads TF Serving's JSON, version as text", async () => {
    const status = { error_code: "OK", error_message: "" };
    const body = JSON.stringify({ model_version_status: [{ version: "3", state: "AVAILABLE", status }] });
    expect(await modelStatus(query(await httpPeer(response("200 OK", body))))).toEqual({
      ok: true,
      value: [{ version: 3, state: "AVAILABLE", code: "OK", message: "" }],
    });
  });

  it("reads the version in metadata with its doubled signature_def", async () => {
    const info = {
      dtype: "DT_UINT8",
      tensor_shape: { dim: ["-1", "3"].map((size) => ({ size, name: "" })), unknown_rank: false },
      name: "x:0",
    };
    const signature = { inputs: { inputs: info }, outputs: {}, method_name: "tensorflow/serving/predict" };
    const body = JSON.stringify({
      model_spec: { name: "m", signature_name: "", version: "1" },
      metadata: { signature_def: { signature_def: { serving_default: signature } } },
    });
    const asked = { ...query(await httpPeer(response("200 OK", body))), label: "stable" };
    expect(await versionOfLabel(asked)).toEqual({ ok: true, value: 1 });
  });

  it("tells an unknown model, a refused port and an answer of another form", async () => {
    const missing = await httpPeer(response("404 Not Found", '{"error": "Could not find any versions of model m"}'));
    expect(await modelStatus(query(missing))).toEqual({
      ok: false,
      error: { code: "NOT_FOUND", message: "Could not find any versions of model m" },
    });
    const odd = await httpPeer(response("200 OK", "{}"));
    expect(await modelStatus(query(odd))).toMatchObject({ ok: false, error: { code: "INTERNAL" } });
    for (const protocol of ["rest", "grpc"] as const)
      expect(await modelStatus({ ...query(1), protocol })).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  });
});
