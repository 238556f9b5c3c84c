import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, writeAtomic } from "../../lib/cache/cached.ts";
import { checkKind, smallJpeg } from "../../models/pixels.ts";
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

/** Keeps small copies of the photographs: the report needs no network. @throws UserError if the disk is full */
export async function keepPhotographs(
  dir: string,
  images: readonly Omit<ImageMessage, "type" | "file">[],
): Promise<void> {
  for (const image of images) {
    const path = pathOf(dir, image.name);
    if (await exists(path)) continue;
    const { width, height } = fit(image.width, image.height, LONGER_EDGE);
    const small = await smallJpeg({ ...image, data: Buffer.from(image.rgb, "base64") }, width, height, QUALITY);
    await writeAtomic(path, small).catch((error: unknown) => {
      throw diskFault(path, error);
    });
  }
}

/** The kept photographs of a run by the image's name. Those that are not there are absent. */
export async function readPhotographs(dir: string, manifest: RunManifest): Promise<Map<string, Photograph>> {
  const read = await Promise.all(
    manifest.images.map(async ({ name, width, height }): Promise<[string, Photograph][]> => {
      const file = await readKept(pathOf(dir, name));
      if (file === undefined) return [];
      return [[name, { ...fit(width, height, LONGER_EDGE), jpeg: file.toString("base64") }]];
    }),
  );
  return new Map(read.flat());
}

/** More than a small copy takes by far. */
const MOST_BYTES = 4e6;

/** A kept photograph; undefined if it is not there, or is none: the folder may be from somebody else. */
async function readKept(path: string): Promise<Buffer | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MOST_BYTES) return undefined;
  return await checkKind(path).then(
    () => readFile(path),
    () => undefined,
  );
}

/** Width and height within a square of `edge`, never enlarged. */
export function fit(width: number, height: number, edge: number): { width: number; height: number } {
  const scale = Math.min(1, edge / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
