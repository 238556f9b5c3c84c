import { inflateSync } from "node:zlib";

/*
 * What the head of an image file says, and whether that can be true, before anything is decoded: a decoder would believe it,
 * and ask for the memory that it claims. Every function throws an Error with the reason in words, and where it stands.
 */

/** More pixels than any photograph of a benchmark has. As nested lists they are a body of 300 MB already. */
export const MAX_MEGAPIXELS = 25;

const CUT_OFF = "it is cut off";

function checkSize(width: number, height: number): void {
  if (width === 0 || height === 0) throw new Error(`it says that it has ${width} x ${height} pixels`);
  if (width * height > MAX_MEGAPIXELS * 1e6)
    throw new Error(
      `it has ${width} x ${height} pixels (${(width * height) / 1e6} megapixels), and ${MAX_MEGAPIXELS} megapixels are the most: scale it down`,
    );
}

/**
 * Refuses a photograph that EXIF wants turned. Clients that send pixels would have to turn them, and the server
 * that decodes the file itself (base64) does not: the two would measure different images.
 */
function checkOrientation(orientation: number): void {
  if (orientation > 1 && orientation <= 8)
    throw new Error(
      `it is to be turned before it is looked at (EXIF orientation ${orientation}), which servers do not do: ` +
        "store it upright (mogrify -auto-orient FILE, or exiftran -ai FILE)",
    );
}

/** The orientation in EXIF data (a TIFF file of its own), 1 where there is none or the data makes no sense. */
function exifOrientation(tiff: Buffer): number {
  const little = tiff.toString("latin1", 0, 2) === "II";
  if (tiff.length < 14 || (!little && tiff.toString("latin1", 0, 2) !== "MM")) return 1;
  const u16 = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return 1;
  for (let i = 0, at = directory + 2; i < u16(directory) && at + 12 <= tiff.length; i++, at += 12)
    if (u16(at) === 0x0112) return u16(at + 8);
  return 1;
}

const Marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda, tem: 0x01, app1: 0xe1, dht: 0xc4, jpg: 0xc8, dac: 0xcc };
const EXIF = "Exif\0\0";

const isFrame = (m: number) => m >= 0xc0 && m <= 0xcf && m !== Marker.dht && m !== Marker.jpg && m !== Marker.dac;
const isRestart = (m: number) => m >= 0xd0 && m <= 0xd7;

/** Checks that a JPEG file is whole, of a kind that is read here, of a size that its bytes can hold, and upright. */
export function checkJpeg(bytes: Buffer): void {
  let blocks: number | undefined;
  let scanBytes = 0;
  for (let at = 2; ;) {
    if (at >= bytes.length) throw new Error(`${CUT_OFF} at byte ${at}, before its end`);
    if (bytes[at] !== 0xff) throw new Error(`no JPEG marker where one must be, at byte ${at}`);
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at++] ?? Marker.soi;
    if (marker === Marker.eoi) break;
    if (isRestart(marker) || marker === Marker.tem) continue;
    const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : Infinity;
    if (length < 2) throw new Error(`a segment of no length at byte ${at}`);
    if (at + length > bytes.length) throw new Error(`${CUT_OFF} in the segment at byte ${at}`);
    const segment = bytes.subarray(at + 2, at + length);
    at += length;
    if (isFrame(marker)) {
      if (blocks !== undefined) throw new Error("it holds several images in one");
      blocks = checkFrame(marker, segment);
    }
    if (marker === Marker.app1 && segment.toString("latin1", 0, EXIF.length) === EXIF)
      checkOrientation(exifOrientation(segment.subarray(EXIF.length)));
    if (marker !== Marker.sos) continue;
    const start = at;
    at = endOfScan(bytes, at);
    scanBytes += at - start;
  }
  if (blocks === undefined) throw new Error("it has no image in it");
  // Each block of 8 x 8 pixels takes a bit at least.
  if (8 * scanBytes < blocks) throw new Error(`its ${scanBytes} bytes of image cannot be as large as it says`);
}

/** Where entropy-coded data ends: at the next marker that is not a restart. */
function endOfScan(bytes: Buffer, from: number): number {
  for (let at = from; ;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return bytes.length;
    const next = bytes[at + 1];
    if (next === undefined) return bytes.length;
    if (next !== 0 && next !== 0xff && !isRestart(next)) return at;
    at += next === 0xff ? 1 : 2;
  }
}

/** How many blocks of 8 x 8 pixels a frame has. */
function checkFrame(marker: number, frame: Buffer): number {
  if (marker > 0xc2)
    throw new Error("a lossless, hierarchical or arithmetic JPEG, which few can read: save it as an ordinary one");
  if (frame.length < 6) throw new Error("its frame header is too short");
  const [precision, components] = [frame[0], frame[5] as number];
  if (precision !== 8) throw new Error(`a JPEG of ${precision} bits a sample, where 8 are read: save it with 8`);
  if (components === 4)
    throw new Error("its colours are CMYK (for print), which decoders turn into different RGB: save it as RGB");
  if (components !== 1 && components !== 3)
    throw new Error(`a JPEG of ${components} components, where 1 or 3 are read`);
  if (frame.length < 6 + 3 * components) throw new Error("its frame header is too short");
  for (let i = 0; i < components; i++) {
    const factors = frame[7 + 3 * i] as number;
    for (const factor of [factors >> 4, factors & 15])
      if (factor < 1 || factor > 4) throw new Error(`a sampling factor of ${factor}`);
  }
  const [height, width] = [frame.readUInt16BE(1), frame.readUInt16BE(3)];
  checkSize(width, height);
  return Math.ceil(width / 8) * Math.ceil(height / 8);
}

/** Deflate makes at most this many bytes of one. */
const MOST_INFLATED = 1032;
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The same for a PNG file. */
export function checkPng(bytes: Buffer): void {
  const data: Buffer[] = [];
  let head: { width: number; height: number; rowBytes: number; interlaced: boolean } | undefined;
  for (let at = 8; ;) {
    const length = at + 8 <= bytes.length ? bytes.readUInt32BE(at) : Infinity;
    if (at + 12 + length > bytes.length) throw new Error(`${CUT_OFF} in the chunk at byte ${at}`);
    const type = bytes.toString("latin1", at + 4, at + 8);
    const chunk = bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
    if (type === "IHDR") head ??= pngHead(chunk);
    else if (head === undefined) throw new Error(`its first chunk is ${JSON.stringify(type)}, not IHDR`);
    else if (type === "IDAT") data.push(chunk);
    else if (type === "eXIf") checkOrientation(exifOrientation(chunk));
    else if (type === "IEND") break;
  }
  const { height, rowBytes, interlaced } = head;
  const stored = data.reduce((sum, chunk) => sum + chunk.length, 0);
  const imageBytes = (rowBytes + 1) * height;
  if (stored * MOST_INFLATED < imageBytes)
    throw new Error(`its ${stored} bytes of image cannot be as large as it says`);
  // The decoder unpacks an interlaced image whatever comes of it. Its seven passes have more row ends, and no more pixels.
  if (interlaced) inflateSync(Buffer.concat(data), { maxOutputLength: 2 * imageBytes + 64 * (height + 8) });
}

function pngHead(ihdr: Buffer): { width: number; height: number; rowBytes: number; interlaced: boolean } {
  if (ihdr.length !== 13) throw new Error("its header chunk is broken");
  const [width, height] = [ihdr.readUInt32BE(0), ihdr.readUInt32BE(4)];
  const [depth, colour, interlace] = [ihdr[8] as number, ihdr[9] as number, ihdr[12]];
  checkSize(width, height);
  const channels = CHANNELS[colour];
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth))
    throw new Error("a kind of PNG that there is none of");
  return { width, height, rowBytes: Math.ceil((width * channels * depth) / 8), interlaced: interlace !== 0 };
}
