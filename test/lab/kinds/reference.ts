import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Answer } from "../../../bench/records/answers.ts";
import { compareAnswers } from "../../../bench/stats/detections/compare.ts";
import type { CallResult, ClientKind } from "../../../clients/client.ts";
import { valuesOf } from "../../../clients/tensors.ts";
import { cached } from "../../../lib/cache/cached.ts";
import { run } from "../../../lib/run.ts";
import { progress } from "../../../lib/progress.ts";
import { prepareModel, pythonEnv } from "../../../models/index.ts";
import { loadPhotographList } from "../../../models/photograph-list.ts";
import { fetchPhotographs } from "../../../models/photographs.ts";
import { decodeImage, type Pixels } from "../../../models/pixels.ts";
import { repoRoot } from "../../../lib/paths.ts";

const PROGRAM = join(import.meta.dirname, "reference.py");

/** A photograph as clients send it. */
export interface Photo extends Pixels {
  readonly file: Buffer;
  readonly sha256: string;
}

/** A photograph of the catalogue by its number. */
export async function photo(id: number): Promise<Photo> {
  const list = (await loadPhotographList(join(repoRoot, "models/photographs.yaml"))).filter((entry) => entry.id === id);
  const [found] = await fetchPhotographs(list, progress());
  if (found === undefined) throw new Error(`no photograph ${id}`);
  const file = await readFile(found.path);
  return { ...(await decodeImage(file)), file, sha256: found.sha256 };
}

/**
 * What TensorFlow itself answers to a photograph in float32, in a process of its own on this machine: to its pixels, and to its file.
 * Made once, and kept in the cache of the tests.
 */
export async function referenceAnswers(
  model: string,
  photo: Photo,
): Promise<Readonly<Record<ClientKind["input"], Answer>>> {
  const steps = progress();
  const { python } = await pythonEnv(steps);
  const { versionDir, sha256 } = await prepareModel(model, steps);
  const program = createHash("sha256")
    .update(await readFile(PROGRAM))
    .digest("hex");
  const key = ["reference", model, ...[sha256, photo.sha256, program].map((hash) => hash.slice(0, 12))].join("-");
  const dir = await cached("test", key, async (partial) => {
    const [pixels, file] = [join(partial, "pixels"), join(partial, "file")];
    await writeFile(pixels, photo.data);
    await writeFile(file, photo.file);
    const size = [`${photo.height}`, `${photo.width}`];
    await writeFile(join(partial, "answers.json"), await run([python, PROGRAM, versionDir, ...size, pixels, file]));
  });
  return JSON.parse(await readFile(join(dir, "answers.json"), "utf8")) as Record<ClientKind["input"], Answer>;
}

/** By how much scores and box edges may differ from TensorFlow's float32, at most. */
export interface Tolerance {
  readonly score: number;
  readonly box: number;
}

/** The same objects as in TensorFlow's answer, and scores and box edges as near as that. */
export function expectAsTensorFlow(expected: Answer, answer: Answer, tolerance: Tolerance, about = ""): void {
  const { differences, ...by } = compareAnswers(expected, answer, String);
  expect(differences, about).toEqual([]);
  expect(by.scoreDifference, about).toBeLessThanOrEqual(tolerance.score);
  expect(by.boxDifference, about).toBeLessThanOrEqual(tolerance.box);
}

/** What a call was answered, as runs keep it. Throws the reason of one that failed. */
export function answerOf(result: CallResult): Answer {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return Object.fromEntries(
    Object.entries(result.outputs).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, values: Array.from(valuesOf(tensor) ?? [], Number) },
    ]),
  );
}
