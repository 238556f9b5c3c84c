import type { Answer } from "../records/answers.ts";
import type { RunManifest } from "../records/manifest.ts";
import { median } from "./math/quantile.ts";

/** A detection counts as an object from this score on. */
export const OBJECT_SCORE = 0.5;

/** What an image is, as far as it may bear on latency. */
export interface ImageCovariates {
  readonly image: string;
  readonly fileBytes: number;
  readonly pixels: number;
  /** Objects found at a score of `OBJECT_SCORE` and more: median over the answers of trained models; null without any. */
  readonly objects: number | null;
}

/** Objects found in each of these answers, by cell. Answers without scores are absent. */
export function objectCounts(answers: ReadonlyMap<string, Answer>): Map<string, number> {
  return new Map(
    [...answers].flatMap(([cell, { detection_scores: scores }]) =>
      scores === undefined ? [] : [[cell, scores.values.filter((s) => s >= OBJECT_SCORE).length] as const],
    ),
  );
}

/** Bytes, pixels and objects of each image. Models of which detections mean nothing (untrained, null) do not count. */
export function imageCovariates(manifest: RunManifest, counts: ReadonlyMap<string, number>): ImageCovariates[] {
  const meaningless = new Set(
    manifest.servers.flatMap((s) => s.models.filter((m) => m.timingOnly || m.isNull).map((m) => m.name)),
  );
  return manifest.images.map(({ name, fileBytes, width, height }) => {
    const found = manifest.cells
      .filter((c) => c.image === name && !meaningless.has(c.model))
      .flatMap((c) => counts.get(c.id) ?? []);
    return { image: name, fileBytes, pixels: width * height, objects: found.length === 0 ? null : median(found) };
  });
}
