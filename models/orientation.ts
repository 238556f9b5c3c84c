import { inflateSync } from "node:zlib";

/*
 * A photograph's orientation: how a viewer must turn it. EXIF data (in the format of a TIFF file), XMP data or a PNG's text chunk
 * (as ImageMagick writes it) can hold it.
 */

/**
 * Refuses a photograph that a viewer must turn. Clients that send pixels would have to turn them, and a server that decodes the
 * file itself (base64) does not turn it: they would measure different images.
 */
export function checkOrientation(orientation: number): void {
  if (orientation > 1 && orientation <= 8)
    throw new Error(
      `viewers must turn it (EXIF orientation ${orientation}), and servers do not: ` +
        "store it upright (mogrify -auto-orient FILE, or exiftran -ai FILE)",
    );
}

/** TIFF's types of whole numbers, by how many bytes each has. */
const BYTES: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 6: 1, 3: 2, 8: 2, 4: 4, 9: 4 };
const ORIENTATION = 0x0112;

/** The orientation in EXIF data; 1 if there is none or the data makes no sense. */
export function exifOrientation(tiff: Buffer): number {
  const order = tiff.toString("latin1", 0, 2);
  if (tiff.length < 14 || (order !== "II" && order !== "MM")) return 1;
  const little = order === "II";
  const read = (at: number, bytes: number) => (little ? tiff.readUIntLE(at, bytes) : tiff.readUIntBE(at, bytes));
  const directory = read(4, 4);
  if (directory + 2 > tiff.length) return 1;
  for (let i = 0, at = directory + 2; i < read(directory, 2) && at + 12 <= tiff.length; i++, at += 12)
    if (read(at, 2) === ORIENTATION) return read(at + 8, BYTES[read(at + 2, 2)] ?? 2);
  return 1;
}

/** The orientation in XMP data, where it is an attribute or an element; 1 if there is none. */
export function xmpOrientation(xmp: Buffer): number {
  const [, value] = /tiff:Orientation(?:="|>)([1-8])["<]/.exec(xmp.toString("latin1")) ?? [];
  return Number(value ?? 1);
}

/** EXIF data cannot be larger: a JPEG has room for 64 kB of it. */
const MOST_TEXT = 1 << 20;

/** The orientation in a text chunk of a PNG (tEXt, zTXt, iTXt). */
export function textOrientation(type: string, chunk: Buffer): number {
  const end = chunk.indexOf(0);
  const keyword = chunk.toString("latin1", 0, Math.max(0, end));
  if (keyword === "XML:com.adobe.xmp") return xmpOrientation(chunk);
  if (!/^Raw profile type (exif|APP1)$/.test(keyword)) return 1;
  let text = chunk.subarray(end + 1);
  if (type === "zTXt") text = inflated(text.subarray(1));
  // Three lines of heading, then hexadecimal digits.
  const digits = text.toString("latin1").replace(/^\s*\S+\s+\d+/, "");
  const data = Buffer.from(digits.replace(/\s+/g, ""), "hex");
  return exifOrientation(data.toString("latin1", 0, 6) === "Exif\0\0" ? data.subarray(6) : data);
}

function inflated(data: Buffer): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: MOST_TEXT });
  } catch {
    return Buffer.alloc(0);
  }
}
