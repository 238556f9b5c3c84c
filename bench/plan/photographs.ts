import { readFile } from "node:fs/promises";
import { type Fault, UserError } from "../../lib/errors.ts";
import { shownPath } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { loadPhotographList } from "../../models/photograph-list.ts";
import { MOST_BYTES, type Photograph, fetchPhotographs } from "../../models/photographs.ts";
import { decodeImage } from "../../models/pixels.ts";
import type { ImageInfo } from "../records/manifest.ts";
import type { ImageMessage } from "../run/agent/protocol.ts";

/** Which photographs: a list (a YAML file) or a folder, and numbers in it (undefined: all). */
export interface ImageChoice {
  readonly photographs: string;
  readonly images: readonly number[] | undefined;
}

/** Numbers of the photographs in a list. */
export async function photographNumbers(list: string): Promise<number[]> {
  return (await loadPhotographList(list)).map((p) => p.id);
}

/** Photographs that are asked for and not in the list. Pure. */
export function noPhotographs({ photographs, images }: ImageChoice, numbers: readonly number[]): Fault[] {
  return (images ?? [])
    .filter((id) => !numbers.includes(id))
    .map((id) => ({
      what: `--images: no photograph ${id} in ${shownPath(photographs)}`,
      expected: `some of ${numbers.join(", ")}`,
    }));
}

/**
 * Fetches (once) and decodes photographs.
 *
 * @throws UserError if the list does not have one, it cannot be fetched, or it is none that every client can send
 */
export async function loadImages(
  choice: ImageChoice,
  progress: Progress,
): Promise<{ images: ImageMessage[]; infos: ImageInfo[] }> {
  const list = await loadPhotographList(choice.photographs);
  const numbers = list.map((p) => p.id);
  const faults = noPhotographs(choice, numbers);
  if (faults.length > 0) throw new UserError(faults);
  const photographs = await fetchPhotographs(
    list.filter((p) => choice.images?.includes(p.id) ?? true),
    progress,
  );
  const loaded = [];
  for (const photograph of photographs) loaded.push(await loadImage(photograph));
  return { images: loaded.map((l) => l.image), infos: loaded.map((l) => l.info) };
}

async function loadImage({ id, path, bytes, name: source, sha256 }: Photograph) {
  if (bytes > MOST_BYTES)
    throw new UserError({ what: `photograph ${id} (${path}): ${bytes} bytes`, expected: `${MOST_BYTES} at most` });
  const file = await readFile(path);
  const { width, height, data } = await decodeImage(file, `photograph ${id} (${path})`);
  const name = `image-${id}`;
  const rgb = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
  const image: ImageMessage = { type: "image", name, width, height, rgb, file: file.toString("base64") };
  const info: ImageInfo = { name, source, sha256, fileBytes: file.length, width, height };
  return { image, info };
}
