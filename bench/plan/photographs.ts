import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { fetchPhotographs, loadPhotographList } from "../../models/photographs.ts";
import { decodeImage } from "../../models/pixels.ts";
import type { ImageInfo } from "../records/manifest.ts";
import type { ImageMessage } from "../run/agent/protocol.ts";

/** Which photographs: a list (a YAML file of the checkout), and numbers in it (undefined: all). */
export interface ImageChoice {
  readonly photographs: string;
  readonly images: readonly number[] | undefined;
}

/** Numbers of the photographs in a list. */
export async function photographNumbers(list: string): Promise<number[]> {
  return (await loadPhotographList(join(repoRoot, list))).map((p) => p.id);
}

/** Photographs that are asked for and not in the list. Pure. */
export function noPhotographs({ photographs, images }: ImageChoice, numbers: readonly number[]): Fault[] {
  return (images ?? [])
    .filter((id) => !numbers.includes(id))
    .map((id) => ({
      what: `--images: no photograph ${id} in ${photographs}`,
      expected: `some of ${numbers.join(", ")}`,
    }));
}

/** Fetches (once) and decodes photographs. @throws UserError where one is not in the list, or cannot be fetched */
export async function loadImages(
  choice: ImageChoice,
  progress: Progress,
): Promise<{ images: ImageMessage[]; infos: ImageInfo[] }> {
  const list = await loadPhotographList(join(repoRoot, choice.photographs));
  const numbers = list.map((p) => p.id);
  const faults = noPhotographs(choice, numbers);
  if (faults.length > 0) throw new UserError(faults);
  const photographs = await fetchPhotographs(
    list.filter((p) => choice.images?.includes(p.id) ?? true),
    progress,
  );
  const images: ImageMessage[] = [];
  const infos: ImageInfo[] = [];
  for (const p of photographs) {
    const file = await readFile(p.path);
    const { width, height, data } = decodeImage(file, `photograph ${p.id} (${p.path})`);
    const name = `image-${p.id}`;
    images.push({
      type: "image",
      name,
      width,
      height,
      rgb: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
      file: file.toString("base64"),
    });
    infos.push({ name, source: p.name, sha256: p.sha256, fileBytes: file.length, width, height });
  }
  return { images, infos };
}
