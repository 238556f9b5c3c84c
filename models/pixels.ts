import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { UserError, messageOf } from "../lib/errors.ts";

/** A decoded image: 8-bit RGB, row by row, no padding. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** width x height x 3 bytes. */
  readonly data: Uint8Array;
}

/** More pixels than any photograph of a benchmark has; a decoder would need gigabytes for a file that claims them. */
const MAX_MEGAPIXELS = 100;

/**
 * Decodes a JPEG or PNG file into RGB. An alpha channel is left out. Every client sends these very pixels: decoders differ
 * a little, and a comparison of protocols must not be one of decoders.
 *
 * @param name what the error calls the file
 * @throws UserError where the bytes are no image of these kinds, or a damaged one
 */
export function decodeImage(bytes: Uint8Array, name = "image"): Pixels {
  try {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) {
      const { width, height, data } = jpeg.decode(bytes, {
        useTArray: true,
        formatAsRGBA: false,
        tolerantDecoding: false,
        maxResolutionInMP: MAX_MEGAPIXELS,
        maxMemoryUsageInMB: 2048,
      });
      return { width, height, data };
    }
    if (Buffer.from(bytes.subarray(1, 4)).toString("latin1") === "PNG") {
      const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
      return { width, height, data: withoutAlpha(data) };
    }
  } catch (error) {
    throw new UserError({ what: `${name}: ${messageOf(error)}`, expected: "a whole JPEG or PNG file" });
  }
  throw new UserError({ what: `${name}: begins with neither JPEG's nor PNG's mark`, expected: "a JPEG or PNG file" });
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from] as number;
    rgb[to + 1] = rgba[from + 1] as number;
    rgb[to + 2] = rgba[from + 2] as number;
  }
  return rgb;
}
