import { deflateSync, crc32 } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { fuzz, nearBytes, refusedInWords } from "../lib/testing/fuzz.ts";
import { decodeImage } from "./pixels.ts";
import { IMAGES } from "./testing/images.ts";

vi.setConfig({ testTimeout: 300_000 });

const NAMED = /^photo: /;
const decode = (bytes: Uint8Array) => decodeImage(bytes, "photo");
const why = (bytes: Uint8Array) => {
  const ending = refusedInWords(() => decode(bytes), NAMED);
  return ending.taken ? "taken" : (ending.words.split("\n")[0] ?? "");
};

/** A PNG of chunks, each with its right checksum. */
function png(...chunks: readonly (readonly [type: string, data: Uint8Array])[]): Buffer {
  const parts = chunks.map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  });
  return Buffer.concat([IMAGES.png.subarray(0, 8), ...parts]);
}

function ihdr(width: number, height: number, depth = 8, colour = 0, interlace = 0): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([depth, colour, 0, 0, interlace], 8);
  return head;
}

/** A JPEG whose frame says another size. */
function sized(file: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(file);
  const at = copy.findIndex((byte, i) => byte === 0xff && [0xc0, 0xc1, 0xc2].includes(copy[i + 1] ?? 0));
  copy.writeUInt16BE(height, at + 5);
  copy.writeUInt16BE(width, at + 7);
  return copy;
}

describe("a photograph", () => {
  it.each(["baseline", "fullColour", "progressive", "grey", "upright", "png", "palette", "grey16", "alpha"] as const)(
    "of the kind %s is decoded",
    (kind) => {
      const { width, height, data } = decode(IMAGES[kind]);
      expect([width, height, data.length]).toEqual([20, 13, 20 * 13 * 3]);
    },
  );

  it("of one pixel is decoded", () => {
    expect(
      decode(png(["IHDR", ihdr(1, 1)], ["IDAT", deflateSync(Buffer.of(0, 7))], ["IEND", Buffer.alloc(0)])),
    ).toEqual({
      width: 1,
      height: 1,
      data: Uint8Array.of(7, 7, 7),
    });
  });

  it("that is to be turned is refused, as a server that decodes the file itself would not turn it", () => {
    for (const kind of ["turned", "turnedPng"] as const)
      expect(why(IMAGES[kind])).toMatch(/^photo: it is to be turned .*EXIF orientation 6.*store it upright/);
  });

  it("in CMYK is refused: decoders make different RGB of it", () => {
    expect(why(IMAGES.cmyk)).toMatch(/^photo: its colours are CMYK .*save it as RGB/);
  });

  it("of 50 megapixels is refused with the limit, and before it takes memory", () => {
    const zeros = deflateSync(Buffer.alloc(50_000_000 + 5000));
    const whole = png(["IHDR", ihdr(10_000, 5000)], ["IDAT", zeros], ["IEND", Buffer.alloc(0)]);
    const before = process.memoryUsage().rss;
    for (const file of [whole, sized(IMAGES.baseline, 10_000, 5000), sized(IMAGES.progressive, 50_000, 1000)])
      expect(why(file)).toMatch(/50 megapixels\), and 25 megapixels are the most: scale it down/);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it("that claims more pixels than its bytes can hold is refused before it takes memory", () => {
    const bomb = (interlace: number, inflated: number) =>
      png(
        ["IHDR", ihdr(100, 100, 8, 0, interlace)],
        ["IDAT", deflateSync(Buffer.alloc(inflated))],
        ["IEND", Buffer.alloc(0)],
      );
    const before = process.memoryUsage().rss;
    expect(why(sized(IMAGES.baseline, 5000, 4000))).toMatch(/cannot be as large as it says/);
    expect(
      why(png(["IHDR", ihdr(5000, 4000)], ["IDAT", deflateSync(Buffer.alloc(9))], ["IEND", Buffer.alloc(0)])),
    ).toMatch(/cannot be as large as it says/);
    expect(why(bomb(1, 60_000_000))).toMatch(/^photo: /);
    why(bomb(0, 60_000_000));
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });

  it.each(Object.keys(IMAGES) as (keyof typeof IMAGES)[])(
    "of the kind %s that is cut off anywhere is refused",
    (kind) => {
      for (let end = 0; end < IMAGES[kind].length; end++)
        expect(why(IMAGES[kind].subarray(0, end)), `${end} bytes`).not.toBe("taken");
    },
  );

  it("without a size, of a kind that is none, or of another format is refused by what is wrong", () => {
    expect(why(sized(IMAGES.baseline, 0, 10))).toContain("0 x 10 pixels");
    expect(why(png(["IHDR", ihdr(4, 4, 8, 5)], ["IEND", Buffer.alloc(0)]))).toContain("a kind of PNG");
    expect(why(Buffer.from("RIFF....WEBP"))).toContain("begins with neither JPEG's nor PNG's mark");
    expect(why(Buffer.alloc(0))).toContain("begins with neither");
  });
});

describe("near-valid images", () => {
  const jpegs = [IMAGES.baseline, IMAGES.fullColour, IMAGES.progressive, IMAGES.grey, IMAGES.upright, IMAGES.turned];
  const check = (bytes: Buffer) => {
    const started = performance.now();
    const ending = refusedInWords(() => {
      const { width, height, data } = decode(bytes);
      expect(data.length).toBe(width * height * 3);
    }, NAMED);
    expect(performance.now() - started).toBeLessThan(20_000);
    return ending;
  };

  it("of JPEG are decoded or refused in words, soon", () => {
    let taken = 0;
    fuzz(0.6, nearBytes(jpegs, 2), (bytes) => {
      if (check(bytes).taken) taken += 1;
    });
    expect(taken).toBeGreaterThan(0);
  });

  it("of PNG are decoded or refused in words, soon, whether their checksums are right or not", () => {
    const pngs = [IMAGES.png, IMAGES.palette, IMAGES.grey16, IMAGES.alpha, IMAGES.turnedPng];
    fuzz(0.2, nearBytes(pngs, 2), (bytes) => void check(bytes));
    fuzz(0.2, nearBytes(pngs, 2), (bytes) => void check(withRightChecksums(bytes)));
  });
});

/** A damaged PNG whose chunks look right again, as far as they can be told apart. */
function withRightChecksums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 8; at + 12 <= copy.length;) {
    const length = copy.readUInt32BE(at);
    if (at + 12 + length > copy.length) break;
    copy.writeUInt32BE(crc32(copy.subarray(at + 4, at + 8 + length)), at + 8 + length);
    at += 12 + length;
  }
  return copy;
}
