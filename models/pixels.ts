import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { UserError, messageOf } from "../lib/errors.ts";
import { MAX_MEGAPIXELS, checkJpeg, checkPng } from "./image-head.ts";

/** A decoded image: 8-bit RGB, row by row, no padding. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** width x height x 3 bytes. */
  readonly data: Uint8Array;
}

/**
 * Decodes a JPEG or PNG file into RGB. An alpha channel is left out. Every client sends these very pixels: decoders differ
 * a little, and a comparison of protocols must not be one of decoders. What a server that decodes the file itself (base64)
 * would see otherwise is refused: CMYK, and a photograph that EXIF wants turned.
 *
 * @param name what the error calls the file
 * @throws UserError where the bytes are no image of these kinds, a damaged one, or one of more than 25 megapixels
 */
export function decodeImage(bytes: Uint8Array, name = "image"): Pixels {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    if (file[0] === 0xff && file[1] === 0xd8) {
      checkJpeg(file);
      return whole(
        jpeg.decode(file, {
          ...{ useTArray: true, formatAsRGBA: false, tolerantDecoding: false },
          ...{ maxResolutionInMP: MAX_MEGAPIXELS, maxMemoryUsageInMB: 2048 },
        }),
      );
    }
    if (file.toString("latin1", 1, 4) === "PNG") {
      checkPng(file);
      const { width, height, data } = PNG.sync.read(file);
      return whole({ width, height, data: new Uint8Array(data.filter((_, i) => i % 4 !== 3)) });
    }
  } catch (error) {
    throw new UserError(
      { what: `${name}: ${reasonOf(error)}`, expected: "a whole JPEG or PNG file" },
      { cause: error },
    );
  }
  throw new UserError({ what: `${name}: begins with neither JPEG's nor PNG's mark`, expected: "a JPEG or PNG file" });
}

/** What the decoders say of damage that they did not foresee (a TypeError, mostly) is of no use to anyone. */
function reasonOf(error: unknown): string {
  return error instanceof TypeError || error instanceof RangeError ? "its data is damaged" : messageOf(error);
}

function whole(pixels: Pixels): Pixels {
  if (pixels.data.length !== pixels.width * pixels.height * 3) throw new Error("its data is damaged");
  return pixels;
}
