import { checkOrientation, exifOrientation, textOrientation, xmpOrientation } from "./orientation.ts";

/*
 * Reads what the head of an image file says, and refuses what cannot be true, before anything is decoded: a decoder would
 * allocate the memory that the head asks for. Every function throws an Error that says what is wrong and at which byte.
 */

/** Larger photographs are refused: as nested lists, this many pixels are a request of 300 MB. */
export const MAX_MEGAPIXELS = 25;

const CUT_OFF = "it is cut off";

function checkSize(width: number, height: number): void {
  if (width === 0 || height === 0) throw new Error(`it says that it has ${width} x ${height} pixels`);
  if (width * height > MAX_MEGAPIXELS * 1e6)
    throw new Error(
      `it has ${width} x ${height} pixels (${(width * height) / 1e6} megapixels), more than ${MAX_MEGAPIXELS} megapixels: scale it down`,
    );
}

const Marker = { soi: 0xd8, eoi: 0xd9, sos: 0xda, tem: 0x01, app1: 0xe1, dht: 0xc4, jpg: 0xc8, dac: 0xcc };
const EXIF = "Exif\0\0";

const isFrame = (m: number) => m >= 0xc0 && m <= 0xcf && m !== Marker.dht && m !== Marker.jpg && m !== Marker.dac;
const isRestart = (m: number) => m >= 0xd0 && m <= 0xd7;

/** Checks that a JPEG file is whole and upright, that all decoders read its colours alike, and that its bytes can hold its pixels. */
export function checkJpeg(bytes: Buffer): void {
  let blocks: number | undefined;
  let scanBytes = 0;
  for (let at = 2; ;) {
    if (at >= bytes.length) throw new Error(`${CUT_OFF} at byte ${at}, before its end`);
    if (bytes[at] !== 0xff) throw new Error(`a JPEG marker is missing at byte ${at}`);
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
      blocks = checkFrame(segment);
    }
    if (marker === Marker.app1) {
      const isExif = segment.toString("latin1", 0, EXIF.length) === EXIF;
      checkOrientation(isExif ? exifOrientation(segment.subarray(EXIF.length)) : xmpOrientation(segment));
    }
    if (marker !== Marker.sos) continue;
    const start = at;
    at = endOfScan(bytes, at);
    scanBytes += at - start;
  }
  if (blocks === undefined) throw new Error("it has no image in it");
  // Each block of 8 x 8 pixels takes at least one bit.
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
function checkFrame(frame: Buffer): number {
  if (frame.length < 6) throw new Error("its frame header is too short");
  const components = frame[5] as number;
  if (components === 4)
    throw new Error("its colours are CMYK (for print), which decoders turn into different RGB: save it as RGB");
  if (components !== 1 && components !== 3) throw new Error(`it has ${components} colour components, not 1 or 3`);
  const [height, width] = [frame.readUInt16BE(1), frame.readUInt16BE(3)];
  checkSize(width, height);
  return Math.ceil(width / 8) * Math.ceil(height / 8);
}

/** Deflate unpacks one byte to at most this many. */
const MOST_INFLATED = 1032;
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Checks the same of a PNG file. */
export function checkPng(bytes: Buffer): void {
  let stored = 0;
  let imageBytes: number | undefined;
  for (let at = 8; ;) {
    const length = at + 8 <= bytes.length ? bytes.readUInt32BE(at) : Infinity;
    if (at + 12 + length > bytes.length) throw new Error(`${CUT_OFF} in the chunk at byte ${at}`);
    const type = bytes.toString("latin1", at + 4, at + 8);
    const chunk = bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
    if (type === "IHDR") imageBytes ??= sizeOfPng(chunk);
    else if (imageBytes === undefined) throw new Error(`its first chunk is ${JSON.stringify(type)}, not IHDR`);
    else if (type === "IDAT") stored += length;
    else if (type === "eXIf") checkOrientation(exifOrientation(chunk));
    else if (/^[tzi][ET]Xt$/.test(type)) checkOrientation(textOrientation(type, chunk));
    else if (type === "IEND") break;
  }
  if (stored * MOST_INFLATED < imageBytes)
    throw new Error(`its ${stored} bytes of image cannot be as large as it says`);
}

/** How many bytes a PNG's rows are, not interlaced. */
function sizeOfPng(ihdr: Buffer): number {
  if (ihdr.length !== 13) throw new Error("its header chunk is broken");
  const [width, height] = [ihdr.readUInt32BE(0), ihdr.readUInt32BE(4)];
  const [depth, colour] = [ihdr[8] as number, ihdr[9] as number];
  checkSize(width, height);
  const channels = CHANNELS[colour];
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth))
    throw new Error(`no PNG has colour type ${colour} with ${depth} bits`);
  return (Math.ceil((width * channels * depth) / 8) + 1) * height;
}
