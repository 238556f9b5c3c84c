import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync, crc32 } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { UserError } from "../lib/errors.ts";
import { checkWords, fuzz, fuzzAsync, nearBytes } from "../lib/testing/fuzz.ts";
import { exifOrientation, textOrientation } from "./orientation.ts";
import { decodeImage } from "./pixels.ts";
import { IMAGES } from "./testing/images.ts";

vi.setConfig({ testTimeout: 300_000 });

const NAMED = /^photo: /;
const decode = (bytes: Uint8Array) => decodeImage(bytes, "photo");

/** The words in which an image is refused, or `taken`. */
async function why(bytes: Uint8Array): Promise<string> {
  try {
    const { width, height, data } = await decode(bytes);
    expect(data.length).toBe(width * height * 3);
    return "taken";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    checkWords(error.message, NAMED);
    return error.message.split("\n")[0] ?? "";
  }
}

const cases = (...names: string[]) =>
  names.map((name) => readFileSync(fileURLToPath(new URL(`./testing/files/${name}`, import.meta.url))));

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
    async (kind) => {
      const { width, height, data } = await decode(IMAGES[kind]);
      expect([width, height, data.length]).toEqual([20, 13, 20 * 13 * 3]);
    },
  );

  it("of one pixel is decoded", async () => {
    expect(
      await decode(png(["IHDR", ihdr(1, 1)], ["IDAT", deflateSync(Buffer.of(0, 7))], ["IEND", Buffer.alloc(0)])),
    ).toEqual({
      width: 1,
      height: 1,
      data: Uint8Array.of(7, 7, 7),
    });
  });

  it("that is to be turned is refused, as a server that decodes the file itself would not turn it", async () => {
    for (const kind of ["turned", "turnedPng"] as const)
      expect(await why(IMAGES[kind])).toMatch(/^photo: viewers must turn it .*EXIF orientation 6.*store it upright/);
  });

  it("whose components are R, G and B is decoded as such", async () => {
    for (const file of cases("adobe0.jpg", "keeprgb.jpg"))
      expect([...(await decode(file)).data.subarray(0, 3)]).toEqual([0, 0, 255]);
  });

  it("with bytes after its end is decoded", async () => {
    for (const file of cases("trail1.png", "trailnl.png")) expect(await why(file)).toBe("taken");
    for (const kind of ["baseline", "progressive", "png"] as const)
      expect(await decode(Buffer.concat([IMAGES[kind], Buffer.alloc(999, 7)]))).toEqual(await decode(IMAGES[kind]));
  });

  it("is not called damaged where the decoder is not there", async () => {
    vi.doMock("sharp", () => {
      throw new Error("Could not load the module");
    });
    await expect(decode(IMAGES.png)).rejects.toThrow(/^libvips cannot be loaded: [^]*fix: npm ci --include=optional$/);
    vi.doUnmock("sharp");
    await decode(IMAGES.png);
  });

  it("in CMYK is refused: decoders make different RGB of it", async () => {
    expect(await why(IMAGES.cmyk)).toMatch(/^photo: its colours are CMYK .*save it as RGB/);
  });

  it("of 50 megapixels is refused with the limit, and before it takes memory", async () => {
    const zeros = deflateSync(Buffer.alloc(50_000_000 + 5000));
    const whole = png(["IHDR", ihdr(10_000, 5000)], ["IDAT", zeros], ["IEND", Buffer.alloc(0)]);
    const before = process.memoryUsage().rss;
    for (const file of [whole, sized(IMAGES.baseline, 10_000, 5000), sized(IMAGES.progressive, 50_000, 1000)])
      expect(await why(file)).toMatch(/50 megapixels\), more than 25 megapixels: scale it down/);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it("that claims more pixels than its bytes can hold is refused before it takes memory", async () => {
    const bomb = (interlace: number, inflated: number) =>
      png(
        ["IHDR", ihdr(100, 100, 8, 0, interlace)],
        ["IDAT", deflateSync(Buffer.alloc(inflated))],
        ["IEND", Buffer.alloc(0)],
      );
    const before = process.memoryUsage().rss;
    expect(await why(sized(IMAGES.baseline, 5000, 4000))).toMatch(/cannot be as large as it says/);
    expect(
      await why(png(["IHDR", ihdr(5000, 4000)], ["IDAT", deflateSync(Buffer.alloc(9))], ["IEND", Buffer.alloc(0)])),
    ).toMatch(/cannot be as large as it says/);
    await why(bomb(1, 60_000_000));
    await why(bomb(0, 60_000_000));
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });

  it.each(Object.keys(IMAGES) as (keyof typeof IMAGES)[])(
    "of the kind %s that is cut off anywhere is refused",
    async (kind) => {
      for (let end = 0; end < IMAGES[kind].length; end++)
        expect(await why(IMAGES[kind].subarray(0, end)), `${end} bytes`).not.toBe("taken");
    },
  );

  it("without a size, of a kind that is none, or of another format is refused by what is wrong", async () => {
    expect(await why(sized(IMAGES.baseline, 0, 10))).toContain("0 x 10 pixels");
    expect(await why(png(["IHDR", ihdr(4, 4, 8, 5)], ["IEND", Buffer.alloc(0)]))).toContain(
      "no PNG has colour type 5 with 8 bits",
    );
    expect(await why(Buffer.from("RIFF....WEBP"))).toContain("begins with neither JPEG's nor PNG's mark");
    expect(await why(Buffer.alloc(0))).toContain("begins with neither");
  });
});

describe("near-valid images", () => {
  const jpegs = [IMAGES.baseline, IMAGES.fullColour, IMAGES.progressive, IMAGES.grey, IMAGES.upright, IMAGES.turned];
  const pngs = [IMAGES.png, IMAGES.palette, IMAGES.grey16, IMAGES.alpha, IMAGES.turnedPng];

  it("of JPEG are decoded or refused in words", async () => {
    let taken = 0;
    await fuzzAsync(0.6, nearBytes([...jpegs, ...cases("adobe0.jpg", "keeprgb.jpg")], 2), async (bytes) => {
      if ((await why(bytes)) === "taken") taken += 1;
    });
    expect(taken).toBeGreaterThan(0);
  });

  it("of PNG are decoded or refused in words, whether their checksums are right or not", async () => {
    await fuzzAsync(0.2, nearBytes(pngs, 2), async (bytes) => void (await why(bytes)));
    await fuzzAsync(0.2, nearBytes(pngs, 2), async (bytes) => void (await why(withRightChecksums(bytes))));
  });
});

describe("near-valid EXIF data", () => {
  const directory = "0002 0100 0003 00000001 00090000 0112 0003 00000001 00060000 00000000";
  const big = Buffer.from(`4d4d 002a 00000008 ${directory}`.replaceAll(" ", ""), "hex");
  const little = Buffer.from("49492a00080000000100120103000100000006000000000000000000", "hex");
  const text = (data: Buffer) =>
    Buffer.concat([Buffer.from(`Raw profile type exif\0\nexif\n${data.length}\n`), Buffer.from(data.toString("hex"))]);

  it("gives a number, whatever is wrong with it", () => {
    expect([exifOrientation(big), exifOrientation(little), textOrientation("tEXt", text(big))]).toEqual([6, 6, 6]);
    fuzz(1, nearBytes([big, little, text(big), text(little)]), (bytes) => {
      for (const value of [exifOrientation(bytes), ...["tEXt", "zTXt", "iTXt"].map((t) => textOrientation(t, bytes))])
        expect(Number.isInteger(value)).toBe(true);
    });
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
