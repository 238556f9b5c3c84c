import { readFile } from "node:fs/promises";
import { join } from "node:path";
import jpeg from "jpeg-js";
import { exists, writeAtomic } from "../../lib/cached.ts";
import type { Pixels } from "../../models/pixels.ts";
import { diskFault } from "./jsonl.ts";
import type { ImageMessage } from "../run/agent/protocol.ts";
import type { RunManifest } from "./manifest.ts";

/** The longer edge of a kept photograph, in pixels: enough to see what a box is about, and ten of them fit a small page. */
const LONGER_EDGE = 560;
const QUALITY = 72;

/** A photograph as a run keeps it for its report: a small JPEG file, base64, of the pixels that were sent. */
export interface Photograph {
  readonly width: number;
  readonly height: number;
  readonly jpeg: string;
}

const pathOf = (dir: string, image: string) => join(dir, "photographs", `${image}.jpg`);

/** Keeps small copies of the photographs: the report needs no network. @throws UserError where the disk is full */
export async function keepPhotographs(
  dir: string,
  images: readonly Omit<ImageMessage, "type" | "file">[],
): Promise<void> {
  for (const image of images) {
    const path = pathOf(dir, image.name);
    if (await exists(path)) continue;
    const { width, height } = image;
    const small = shrink({ width, height, data: Buffer.from(image.rgb, "base64") }, LONGER_EDGE);
    await writeAtomic(path, encodeJpeg(small)).catch((error: unknown) => {
      throw diskFault(path, error);
    });
  }
}

/** The kept photographs of a run by the image's name. Those that are not there are absent. */
export async function readPhotographs(dir: string, manifest: RunManifest): Promise<Map<string, Photograph>> {
  const read = await Promise.all(
    manifest.images.map(async ({ name, width, height }): Promise<[string, Photograph][]> => {
      const file = await readFile(pathOf(dir, name)).catch(() => undefined);
      if (file === undefined) return [];
      return [[name, { ...fit(width, height, LONGER_EDGE), jpeg: file.toString("base64") }]];
    }),
  );
  return new Map(read.flat());
}

/** Width and height within a square of `edge`, never enlarged. */
export function fit(width: number, height: number, edge: number): { width: number; height: number } {
  const scale = Math.min(1, edge / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A smaller image, each of whose pixels is the mean of those that it stands for. */
export function shrink(image: Pixels, edge: number): Pixels {
  const { width, height } = fit(image.width, image.height, edge);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = span(y, height, image.height);
    for (let x = 0; x < width; x++) {
      const [left, right] = span(x, width, image.width);
      const sums = [0, 0, 0];
      for (let row = top; row < bottom; row++)
        for (let at = 3 * (row * image.width + left); at < 3 * (row * image.width + right); at += 3)
          for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + (image.data[at + c] as number);
      const count = (bottom - top) * (right - left);
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = Math.round((sums[c] as number) / count);
    }
  }
  return { width, height, data };
}

/** Which pixels of a line of `from` one of `to` pixels stands for: at least one. */
function span(index: number, to: number, from: number): [number, number] {
  const first = Math.floor((index * from) / to);
  return [first, Math.max(first + 1, Math.floor(((index + 1) * from) / to))];
}

function encodeJpeg({ width, height, data }: Pixels): Buffer {
  const rgba = Buffer.alloc(width * height * 4, 255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) rgba.set(data.subarray(from, from + 3), to);
  return jpeg.encode({ width, height, data: rgba }, QUALITY).data;
}
