import { z } from "zod";
import { exists } from "../../lib/cached.ts";
import { messageOf, UserError } from "../../lib/errors.ts";
import { readLines } from "../jsonl.ts";
import type { RunManifest } from "../manifest.ts";
import { median } from "./quantile.ts";

/** A detection counts as an object from this score on. */
export const OBJECT_SCORE = 0.5;

const Answer = z.object({ cell: z.string(), outputs: z.record(z.string(), z.object({ values: z.array(z.number()) })) });

/** What an image is, as far as it may bear on latency. */
export interface ImageCovariates {
  readonly image: string;
  readonly fileBytes: number;
  readonly pixels: number;
  /** Objects found at a score of `OBJECT_SCORE` and more: median over the answers of trained models; null without any. */
  readonly objects: number | null;
}

/** Objects found in each answer that a run kept (`answers.jsonl`), by cell. Empty where there is no such file. */
export async function readObjectCounts(path: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (!(await exists(path))) return counts;
  for await (const { lines, first, torn } of readLines(path)) {
    for (const [index, line] of lines.entries()) {
      if (line === "") continue;
      const answer = parseAnswer(line, `${path}:${first + index}`, torn && index === lines.length - 1);
      const scores = answer?.outputs["detection_scores"]?.values;
      if (answer !== undefined && scores !== undefined)
        counts.set(answer.cell, scores.filter((s) => s >= OBJECT_SCORE).length);
    }
  }
  return counts;
}

/** One line of the file; a torn last line is none. */
function parseAnswer(line: string, place: string, torn: boolean): z.infer<typeof Answer> | undefined {
  try {
    return Answer.parse(JSON.parse(line));
  } catch (error) {
    if (torn) return undefined;
    throw new UserError({ what: `${place}: ${messageOf(error).slice(0, 200)}`, expected: "one answer a line" });
  }
}

/** Bytes, pixels and objects of each image. Models whose detections mean nothing (untrained, null) are not asked. */
export function imageCovariates(manifest: RunManifest, counts: ReadonlyMap<string, number>): ImageCovariates[] {
  const meaningless = new Set(
    manifest.deployments.flatMap((d) => d.models.filter((m) => m.timingOnly || m.isNull).map((m) => m.name)),
  );
  return manifest.images.map(({ name, fileBytes, width, height }) => {
    const found = manifest.cells
      .filter((c) => c.image === name && !meaningless.has(c.model))
      .flatMap((c) => counts.get(c.id) ?? []);
    return { image: name, fileBytes, pixels: width * height, objects: found.length === 0 ? null : median(found) };
  });
}
