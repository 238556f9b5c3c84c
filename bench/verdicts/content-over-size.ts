import { correlation, correlationDifference } from "../stats/math/correlation.ts";
import type { Interval } from "../stats/math/estimate.ts";
import { OBJECT_SCORE } from "../stats/objects.ts";
import { type Study, fitStudy } from "../stats/study.ts";
import { PAPER_BASIS, pairsEffect } from "./paper-data.ts";
import type { Conclusion, Effect, Finding } from "./verdict.ts";
import { computingModels, effectOf, findingOf, inconclusive, valueText } from "./verdict.ts";

/** What is in the image (objects, complexity) matters more than its file size. */
export const contentOverSize: Conclusion = {
  id: "content-over-size",
  test: "latency rises with the number of objects in the images, and is more closely correlated with it than with their file size",
  judge,
  judgePaper,
};

interface Row {
  readonly log: number;
  readonly objects: number;
  readonly fileBytes: number;
  readonly pixels: number;
}

function judge(study: Study): Finding {
  const models = computingModels(study);
  if (study.images.every((i) => i.objects === null))
    return inconclusive("no answer of a trained model was kept, so the objects in the images are not known");
  const all = rowsOf(study, models);
  if (all.length < 4)
    return inconclusive(
      `it takes at least 4 images that were measured and whose objects are known; here are ${all.length}`,
    );
  const effect = objectsOverBytes("all models", all);
  if (effect === undefined) return inconclusive("the images do not differ in objects, in bytes or in latency");
  return findingOf(
    [effect],
    [
      `the interval says what other images like these ${all.length} would give (Zou 2007), not what a second measurement would`,
      `all models: ${correlations(all)}`,
      ...models.map((name) => `${name}: ${correlations(rowsOf(study, [name]))}`),
      `objects: detections with a score of at least ${OBJECT_SCORE}, median over the answers of trained models`,
    ],
  );
}

/** Each image's log latency averaged over all else, beside what it is. */
function rowsOf(study: Study, models: readonly string[]): Row[] {
  const fit = fitStudy(study, (c) => models.includes(c.model))?.fit;
  const images = fit?.design.levels["image"] ?? [];
  const base = images[0];
  if (fit === undefined || base === undefined || images.length < 2) return [];
  return images.flatMap((image) => {
    const found = study.images.find((i) => i.image === image);
    if (found?.objects == null) return [];
    const log = image === base ? 0 : fit.contrast({ image }, { image: base }).log;
    return [{ log, objects: found.objects, fileBytes: found.fileBytes, pixels: found.pixels }];
  });
}

const between = (rows: readonly Row[], x: (r: Row) => number, y: (r: Row) => number) =>
  correlation(rows.map(x), rows.map(y));
const column = (rows: readonly Row[], pick: (r: Row) => number) => between(rows, pick, (r) => r.log);
const logBytes = (r: Row) => Math.log(r.fileBytes);

function correlations(rows: readonly Row[]): string {
  const show = (name: string, pick: (r: Row) => number) => {
    const r = column(rows, pick);
    return Number.isNaN(r) ? `${name} –` : `${name} ${r.toFixed(2)}`;
  };
  return `correlation of log latency with ${show("objects", (r) => r.objects)}, ${show("log bytes", logBytes)}, ${show("log pixels", (r) => Math.log(r.pixels))}`;
}

/** By how much closer latency rises with objects than it goes with bytes, whichever way that points. */
function objectsOverBytes(label: string, rows: readonly Row[]): Effect | undefined {
  const objects = column(rows, (r) => r.objects);
  const bytes = column(rows, logBytes);
  const both = between(rows, (r) => r.objects, logBytes);
  if ([objects, bytes, both].some(Number.isNaN)) return undefined;
  const turned = both * (Math.sign(bytes) || 1);
  return effectOf(
    `correlation with objects less |correlation with log bytes|, ${label}`,
    "difference",
    objects - Math.abs(bytes),
    possible(correlationDifference(objects, Math.abs(bytes), turned, rows.length)),
  );
}

/** A correlation less a size of one lies from -2 to 1. */
export function possible(interval: Interval | null): Interval | null {
  return interval && { low: Math.max(-2, interval.low), high: Math.min(1, interval.high) };
}

/** Two images in the tables and no count of objects: all that can be said is whether the larger file is the slower one. */
function judgePaper(): Finding {
  const smaller = (withSlip: boolean) =>
    pairsEffect(
      "Image-7 (62 kB) over Image-2 (336 kB)",
      (p) => p.experiment === "remoteImage7",
      { experiment: "remoteImage2" },
      withSlip,
    );
  const [all, clean] = [smaller(true), smaller(false)];
  const show = (e: Effect) => `${e.label}: ${valueText(e)}`;
  return inconclusive(
    "the paper's tables have two images and no number of objects: content cannot be compared with size",
    `if size alone decided, the smaller file would always be the faster one; ${show(all)}`,
    `without the number that looks like a copying error: ${show(clean)}`,
    PAPER_BASIS,
  );
}
