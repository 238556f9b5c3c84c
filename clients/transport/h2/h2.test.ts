import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { FrameReader, frame, goawayFrame, settingsFrame, windowUpdateFrame, type Frame } from "./frames.ts";
import { Http2Connection } from "./connection.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { decodeBlock, encodeBlock } from "./hpack.ts";
import { huffmanDecode } from "./huffman.ts";
import { defaultPeer, withSettings } from "./peer.ts";
import { Exchange, type Received } from "./exchange.ts";
import { DEFAULT_WINDOWS, WIDE_WINDOWS, type Windows } from "../settings.ts";

// Random cases, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("HPACK", () => {
  // RFC 7541, appendix C.4 and C.6: real header blocks, Huffman coded.
  it("decodes the RFC's Huffman examples", () => {
    expect(huffmanDecode(hex("f1e3 c2e5 f23a 6ba0 ab90 f4ff")).toString()).toBe("www.example.com");
    expect(huffmanDecode(hex("a8eb 1064 9cbf")).toString()).toBe("no-cache");
    expect(huffmanDecode(hex("d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff")).toString()).toBe(
      "Mon, 21 Oct 2013 20:13:21 GMT",
    );
    expect(
      huffmanDecode(
        hex(
          "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ),
      ).toString(),
    ).toBe("foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
  });

  it("decodes the RFC's response block", () => {
    const block = hex(
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
    );
    expect(decodeBlock(block)).toEqual({
      ":status": "302",
      "cache-control": "private",
      date: "Mon, 21 Oct 2013 20:13:21 GMT",
      location: "https://www.example.com",
    });
  });

  it("refuses padding that is longer than a byte or holds zeros", () => {
    expect(() => huffmanDecode(hex("ffffffff"))).toThrow("COMPRESSION_ERROR");
    expect(() => huffmanDecode(hex("a8eb 1064 9cbe"))).toThrow("COMPRESSION_ERROR");
  });

  it("reads back what it writes, whatever the lengths", () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,300}$/);
    const value = fc.stringMatching(/^[ -~]{0,600}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([n]) => n, maxLength: 8 }), (fields) => {
        expect(decodeBlock(encodeBlock(fields))).toEqual(Object.fromEntries(fields));
      }),
    );
  });

  it("takes any bytes as a block or as a fault, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeBlock(bytes);
        } catch (error) {
          expect(error).toMatchObject({ errorName: "COMPRESSION_ERROR" });
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("frames", () => {
  const any = fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  });

  it("come out whole, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 200 })), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((f) => frame(f.type, f.flags, f.stream, f.payload)));
        const got: Omit<Frame, never>[] = [];
        const reader = new FrameReader();
        let at = 0;
        for (let i = 0; at < bytes.length; i++) {
          const next = at + (cuts[i % Math.max(1, cuts.length)] ?? bytes.length);
          reader.push(bytes.subarray(at, next), (f) => got.push({ ...f, payload: Buffer.from(f.payload) }));
          at = next;
        }
        expect(got).toEqual(sent.map((f) => ({ ...f, payload: Buffer.from(f.payload) })));
      }),
    );
  });

  it("of settings change only what they name", () => {
    const payload = settingsFrame([
      [5, 20_000],
      [3, 7],
      [99, 1],
    ]).subarray(9);
    expect(withSettings(defaultPeer, payload)).toEqual({ ...defaultPeer, maxFrame: 20_000, maxStreams: 7 });
  });

  it("of headers go on in CONTINUATION up to a bound", () => {
    const blocks = new HeaderBlocks();
    const part = (type: number, flags: number): Frame => ({
      type,
      flags,
      stream: 1,
      payload: Buffer.alloc(3000, 0x88),
    });
    expect(blocks.push(part(1, 1))).toBeNull();
    expect(blocks.push(part(9, 4))).toEqual({ headers: { ":status": "200" }, endStream: true });
    blocks.push(part(1, 0));
    expect(() => {
      for (let i = 0; i < 80; i++) blocks.push(part(9, 0));
    }).toThrow("ENHANCE_YOUR_CALM");
  });
});

describe("a connection", () => {
  /** Frames that a connection has written to a socket, and whether the kernel has taken them. */
  function connected(takes = true, windows?: Windows) {
    const written: Buffer[] = [];
    const socket = Object.assign(new EventEmitter(), {
      ...{ writable: true, cork: () => {}, uncork: () => {}, destroy: () => {} },
      write: (bytes: Uint8Array, taken?: () => void) => {
        written.push(Buffer.from(bytes));
        if (takes) taken?.();
        return takes;
      },
    });
    const connection = new Http2Connection(socket as unknown as Socket, windows);
    connection.greet().catch(() => {});
    return { connection, written };
  }
  const exchangeOf = (bytes: number) => {
    const outcome: unknown[] = [];
    const end = (value: unknown) => outcome.push(value);
    return { outcome, exchange: new Exchange(Buffer.of(0x88), [Buffer.alloc(bytes)], end, end) };
  };

  it("acknowledges settings before it makes use of them", () => {
    const { connection, written } = connected();
    connection.receive(settingsFrame([]));
    written.length = 0;
    connection.start(exchangeOf(200_000).exchange);
    // The connection's window first: the settings open that of the stream, and let frames be larger.
    connection.receive(Buffer.concat([windowUpdateFrame(0, 2 ** 20), settingsFrame([[5, 40_000], [4, 2 ** 20]])])); // prettier-ignore
    const all = Buffer.concat(written);
    const acknowledged = all.indexOf(frame(4, 1, 0, Buffer.alloc(0)));
    const large = Buffer.from([40_000 >> 16, (40_000 >> 8) & 255, 40_000 & 255, 0]);
    expect(acknowledged).toBeGreaterThan(0);
    expect(all.indexOf(large, acknowledged)).toBeGreaterThan(acknowledged);
    expect(all.subarray(0, acknowledged).includes(large)).toBe(false);
  });

  it("asks for the windows that its client kind sets, and gives leave for more once half of one is read", () => {
    for (const [windows, asked, reads] of [
      [DEFAULT_WINDOWS, 0, 2],
      [WIDE_WINDOWS, 2 ** 24 - 65_535, 513],
    ] as const) {
      const { connection, written } = connected(true, windows);
      const greeting = Buffer.concat(written);
      expect(greeting.includes(windowUpdateFrame(0, asked))).toBe(asked > 0);
      connection.receive(settingsFrame([]));
      connection.start(exchangeOf(1).exchange);
      written.length = 0;
      const data = frame(0, 0, 1, Buffer.alloc(16_384));
      for (let i = 1; i <= reads; i++) {
        expect(Buffer.concat(written)).toHaveLength(0);
        connection.receive(data);
      }
      const leave = reads * 16_384;
      expect(Buffer.concat(written)).toEqual(Buffer.concat([0, 1].map((stream) => windowUpdateFrame(stream, leave))));
    }
  });

  it("says of each call what the server's windows let through at once, and how often it had to wait for more", () => {
    const { connection } = connected();
    connection.receive(settingsFrame([]));
    const answer = (stream: number) => connection.receive(frame(1, 5, stream, Buffer.of(0x88)));
    const windowOf = (outcome: unknown[]) => (outcome[0] as Received).requestWindow;
    const long = exchangeOf(150_000);
    connection.start(long.exchange);
    // Leave for the connection alone lets nothing through, and leave for the stream as much as for the connection.
    connection.receive(windowUpdateFrame(0, 65_535));
    connection.receive(windowUpdateFrame(1, 65_535));
    connection.receive(Buffer.concat([windowUpdateFrame(0, 200_000), windowUpdateFrame(1, 65_535)]));
    answer(1);
    expect(windowOf(long.outcome)).toEqual({ bytes: 65_535, waits: 2 });
    const short = exchangeOf(1000);
    connection.start(short.exchange);
    answer(3);
    expect(windowOf(short.outcome)).toEqual({ bytes: 65_535, waits: 0 });
  });

  it("takes of a call that was given up what its peer had leave to send, and no more", () => {
    const { connection } = connected();
    const { exchange } = exchangeOf(10);
    connection.start(exchange);
    connection.receive(settingsFrame([]));
    connection.cancel(exchange);
    const data = frame(0, 0, 1, Buffer.alloc(16_384));
    for (let sent = 0; sent < 2 ** 24; sent += 16_384) connection.receive(data);
    expect(connection.usable).toBe(true);
    connection.receive(data);
    expect(connection.usable).toBe(false);
  });

  it.each([
    ["DATA", frame(0, 0, 3, Buffer.of(1))],
    ["HEADERS", frame(1, 4, 2, Buffer.of(0x88))],
    ["RST_STREAM", frame(3, 0, 7, Buffer.alloc(4))],
    ["WINDOW_UPDATE", frame(8, 0, 5, Buffer.of(0, 0, 0, 1))],
  ])("ends where a peer sends %s on a stream that nobody opened", (_what, bytes) => {
    const { connection } = connected();
    const { exchange, outcome } = exchangeOf(10);
    connection.start(exchange);
    connection.receive(Buffer.concat([settingsFrame([]), bytes]));
    expect(connection.usable).toBe(false);
    expect(String(outcome[0])).toMatch(/PROTOCOL_ERROR.*which nobody opened/);
  });

  it("gives up any number of calls while its peer reads nothing", () => {
    const { connection } = connected(false);
    connection.receive(settingsFrame([]));
    const exchanges = Array.from({ length: 1100 }, () => exchangeOf(1).exchange);
    for (const exchange of exchanges) connection.start(exchange);
    for (const exchange of exchanges) expect(() => connection.cancel(exchange)).not.toThrow();
    expect(connection.usable).toBe(true);
    for (let i = 0; i < 1001; i++) connection.receive(frame(6, 0, 0, Buffer.alloc(8)));
    expect(connection.usable).toBe(false);
  });

  it.each([
    ["for each read of 6 kB, of the stream and of the connection", 6_000, [0, 1], true],
    ["for each packet, of the connection alone", 1_400, [0], true],
    ["for each byte", 1, [1], false],
  ])("lets a peer with wide windows give leave for what was sent %s", (_what, read, streams, usable) => {
    const sent = 80_000_000;
    const { connection } = connected();
    connection.receive(Buffer.concat([settingsFrame([[4, 2 ** 27]]), windowUpdateFrame(0, 2 ** 27)]));
    const { exchange, outcome } = exchangeOf(sent);
    connection.start(exchange);
    expect(exchange.unsent).toBe(0);
    const updates = Buffer.concat(streams.map((stream) => windowUpdateFrame(stream, read)));
    const reads = Math.min(Math.floor(sent / read), 200_000);
    for (let i = 0; i < reads; i++) connection.receive(updates);
    expect(connection.usable).toBe(usable);
    expect(outcome).toHaveLength(usable ? 0 : 1);
  });

  it("bears no more than ten thousand frames that bring no call further, and any number between calls' own", () => {
    const ping = frame(6, 0, 0, Buffer.alloc(8));
    for (const [pings, calls, usable] of [
      [9000, 5, true],
      [10_100, 1, false],
    ] as const) {
      const { connection, written } = connected();
      connection.receive(settingsFrame([]));
      for (let call = 0; call < calls; call++) {
        connection.start(exchangeOf(1).exchange);
        for (let i = 0; i < pings; i++) connection.receive(ping);
      }
      expect(connection.usable).toBe(usable);
      expect(Buffer.concat(written).includes(goawayFrame("ENHANCE_YOUR_CALM"))).toBe(!usable);
    }
  });
});

describe("an exchange", () => {
  it("gives out its pieces in order, in slices of any size, without copying", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.array(fc.integer({ min: 1, max: 50 })),
        (pieces, sizes) => {
          const exchange = new Exchange(
            Buffer.alloc(0),
            pieces,
            () => undefined,
            () => undefined,
          );
          const out: Uint8Array[] = [];
          for (let i = 0; exchange.unsent > 0; i++) {
            const count = Math.min(exchange.unsent, sizes[i % Math.max(1, sizes.length)] ?? 1000);
            const slices = exchange.take(count);
            expect(slices.reduce((sum, s) => sum + s.length, 0)).toBe(count);
            out.push(...slices);
          }
          expect(Buffer.concat(out)).toEqual(Buffer.concat(pieces));
          expect(out.every((s) => pieces.some((p) => p.buffer === s.buffer))).toBe(true);
        },
      ),
    );
  });
});
