import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GrpcChannel } from "../../clients/transport/grpc-channel.ts";
import { goPeer, pythonPeer, type Peer } from "./peers/start.ts";

/*
 * The probe's own HTTP/2 against the two implementations that matter: gRPC's C-core (TF Serving's) and grpc-go.
 */

const ramp = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);
const message = (pieces: readonly Uint8Array[]) => ({
  pieces,
  length: pieces.reduce((sum, piece) => sum + piece.length, 0),
});

const STARTS: Record<string, (args?: readonly string[]) => Promise<Peer>> = {
  "grpc-go": goPeer,
  "C-core": (args) => pythonPeer("ccore.py", args),
};

async function opened(peer: Peer): Promise<GrpcChannel> {
  const channel = new GrpcChannel("127.0.0.1", peer.port);
  await channel.open(10_000);
  return channel;
}

describe.each(Object.keys(STARTS))("the probe's HTTP/2 with %s", (name) => {
  const start = STARTS[name] as (typeof STARTS)[string];
  let peer: Peer;
  let channel: GrpcChannel;
  beforeAll(async () => {
    peer = await start();
    channel = await opened(peer);
  });
  afterAll(async () => {
    await channel?.close();
    await peer?.stop();
  });

  it.each([0, 1, 16_379, 16_384, 65_530, 65_536, 921_676, 20_000_000])(
    "carries %i bytes there and back",
    async (size) => {
      const sent = ramp(size);
      const answer = await channel.unary("/test/echo", message([sent]), 60_000);
      expect(Buffer.compare(answer.body, sent)).toBe(0);
      expect(answer.lastByteAt).toBeGreaterThanOrEqual(answer.firstByteAt);
    },
  );

  it("carries a message of many pieces as one", async () => {
    const sent = ramp(300_000);
    const pieces = [
      sent.subarray(0, 1),
      sent.subarray(1, 70_000),
      sent.subarray(70_000, 70_010),
      sent.subarray(70_010),
    ];
    expect(Buffer.compare((await channel.unary("/test/echo", message(pieces), 30_000)).body, sent)).toBe(0);
  });

  it("takes answers beyond its window, which it must open again on the way", async () => {
    const answer = await channel.unary("/test/big-40000000", message([Uint8Array.of(1)]), 60_000);
    expect(Buffer.compare(answer.body, ramp(40_000_000))).toBe(0);
  });

  it("takes header blocks that go on in CONTINUATION frames", async () => {
    const answer = await channel.unary("/test/headers-60000", message([ramp(5)]), 30_000);
    expect([...answer.body]).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    [1, "CANCELLED"],
    [3, "INVALID_ARGUMENT"],
    [5, "NOT_FOUND"],
    [14, "UNAVAILABLE"],
    [16, "UNAUTHENTICATED"],
  ])("tells status %i as %s with its message", async (number, code) => {
    await expect(channel.unary(`/test/fail-${number}`, message([Uint8Array.of(1)]), 10_000)).rejects.toMatchObject({
      code,
      message: 'nicht gefunden: "ü" 100%\n',
    });
  });

  it("gives a slow call up at its deadline and goes on with the same connection", async () => {
    await expect(channel.unary("/test/sleep-3000", message([Uint8Array.of(1)]), 150)).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
    expect((await channel.unary("/test/echo", message([ramp(10)]), 10_000)).body.length).toBe(10);
  });

  it("carries many calls at once", async () => {
    const sizes = Array.from({ length: 40 }, (_, i) => i * 20_011);
    const answers = await Promise.all(sizes.map((size) => channel.unary("/test/echo", message([ramp(size)]), 60_000)));
    expect(answers.map((a) => Buffer.compare(a.body, ramp(a.body.length)))).toEqual(sizes.map(() => 0));
    expect(answers.map((a) => a.body.length)).toEqual(sizes);
  });

  it("lets calls wait while the server takes only one stream, and sends within a small window", async () => {
    const narrow = await start(["-streams", "1", "-window", "65536"]);
    const one = await opened(narrow);
    try {
      const sent = [0, 1, 2, 3].map((i) => ramp(200_000 + i));
      const answers = await Promise.all(sent.map((bytes) => one.unary("/test/echo", message([bytes]), 60_000)));
      answers.forEach((answer, i) => expect(Buffer.compare(answer.body, sent[i] as Uint8Array)).toBe(0));
    } finally {
      await one.close();
      await narrow.stop();
    }
  });

  it("ends a call under way when the server leaves with GOAWAY, and takes no new one there", async () => {
    const leaving = await start();
    const last = await opened(leaving);
    try {
      expect((await last.unary("/test/leave", message([ramp(7)]), 10_000)).body.length).toBe(7);
      await expect(last.ready(1000)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    } finally {
      await last.close();
      await leaving.stop();
    }
  });
});
