import { open } from "node:fs/promises";
import { UserError, messageOf } from "../lib/errors.ts";
import { MAX_MEGAPIXELS, checkJpeg, checkPng } from "./image-head.ts";

/** A decoded image: 8-bit RGB, row by row, no padding. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** width x height x 3 bytes. */
  readonly data: Uint8Array;
}

/** The formats that are decoded, by the bytes with which their files begin. */
const KINDS = {
  JPEG: { mark: Buffer.from([0xff, 0xd8, 0xff]), check: checkJpeg },
  PNG: { mark: Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), check: checkPng },
} as const;

const NO_IMAGE = "begins with neither JPEG's nor PNG's mark";

function kindOf(file: Buffer) {
  return Object.values(KINDS).find(({ mark }) => file.subarray(0, mark.length).equals(mark));
}

/** Checks by its first bytes that a file can be decoded. @throws Error if it cannot */
export async function checkKind(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    if (kindOf(buffer.subarray(0, bytesRead)) === undefined) throw new Error(NO_IMAGE);
  } finally {
    await file.close();
  }
}

/**
 * Decodes a JPEG or PNG file to RGB with libvips. The pixels are exactly those that libjpeg-turbo and libpng give
 * (test/wire/photographs). Alpha channel and colour profile are ignored; of 16 bits a channel, the upper 8 count. Every client
 * sends these pixels, because decoders differ a little (a server's may use the fast IDCT, whose values differ by one on
 * average), and a comparison of protocols must not compare decoders. Photographs that servers would read quite differently are
 * refused: those in CMYK, and those that EXIF says to turn.
 *
 * @param name what the error calls the file
 * @throws UserError if the bytes are no JPEG or PNG, are damaged, or have more than 25 megapixels
 */
export async function decodeImage(bytes: Uint8Array, name = "image"): Promise<Pixels> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = kindOf(file);
  if (kind === undefined) throw new UserError({ what: `${name}: ${NO_IMAGE}`, expected: "a JPEG or PNG file" });
  const sharp = await libvips();
  try {
    kind.check(file);
    const limits = { failOn: "warning", limitInputPixels: MAX_MEGAPIXELS * 1e6, ignoreIcc: true } as const;
    const image = sharp(file, limits).removeAlpha().toColourspace("srgb").raw();
    const { data, info } = await image.toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { width, height, data: channels === 1 ? tripled(data) : new Uint8Array(data) };
  } catch (error) {
    const [why = ""] = messageOf(error).split("\n");
    throw new UserError({ what: `${name}: ${why}`, expected: "a whole JPEG or PNG file" }, { cause: error });
  }
}

/** Loads libvips when it is needed, so that commands without photographs start quickly. */
async function libvips() {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    const [why = ""] = messageOf(error).split("\n");
    const expected = "npm's optional package of sharp for this system";
    throw new UserError(
      { what: `libvips cannot be loaded: ${why}`, expected, fix: "npm ci --include=optional" },
      { cause: error },
    );
  }
}

function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (const [i, level] of grey.entries()) rgb.fill(level, 3 * i, 3 * i + 3);
  return rgb;
}

/** A small JPEG file of an image that is scaled down to this size. */
export async function smallJpeg(image: Pixels, width: number, height: number, quality: number): Promise<Buffer> {
  const sharp = await libvips();
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  return sharp(image.data, { raw }).resize({ width, height, fit: "fill" }).jpeg({ quality }).toBuffer();
}
