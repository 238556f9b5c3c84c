import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { FrameReader, frame, settingsFrame, type Frame } from "./frames.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { decodeBlock, encodeBlock } from "./hpack.ts";
import { huffmanDecode } from "./huffman.ts";
import { defaultPeer, withSettings } from "./peer.ts";
import { Exchange } from "./exchange.ts";

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
