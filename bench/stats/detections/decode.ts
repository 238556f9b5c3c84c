import type { Answer } from "../../records/answers.ts";

/** Edges as fractions of the image's height and width. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** One object that a model says it found. */
export interface Detection {
  /** Number of its class, which the model's label map names. */
  readonly classId: number;
  /** 0 to 1. */
  readonly score: number;
  readonly box: Box;
}

/**
 * What an answer says: objects by falling score (`full`: all of its slots are in use, so that others may have been cut off),
 * nothing of this kind, or something that cannot be.
 */
export type Decoded =
  | { readonly kind: "detections"; readonly detections: readonly Detection[]; readonly full: boolean }
  | { readonly kind: "other" }
  | { readonly kind: "malformed"; readonly why: string };

/**
 * An answer as detections: `detection_boxes` [1,N,4] (top, left, bottom, right), `detection_classes` and
 * `detection_scores` [1,N], and `num_detections` [1], which says how many of the N slots are in use.
 */
export function decodeDetections(answer: Answer): Decoded {
  const boxes = answer["detection_boxes"]?.values;
  const classes = answer["detection_classes"]?.values;
  const scores = answer["detection_scores"]?.values;
  if (boxes === undefined && classes === undefined && scores === undefined) return { kind: "other" };
  if (boxes === undefined || classes === undefined || scores === undefined)
    return { kind: "malformed", why: `only ${Object.keys(answer).sort().join(", ")}` };
  if (boxes.length !== 4 * scores.length || classes.length !== scores.length)
    return { kind: "malformed", why: `${boxes.length / 4} boxes, ${classes.length} classes, ${scores.length} scores` };
  const count = answer["num_detections"]?.values[0] ?? scores.length;
  if (!(count >= 0 && count <= scores.length))
    return { kind: "malformed", why: `num_detections is ${count}, of ${scores.length} slots` };
  const used = Math.round(count);
  const bad = [...boxes.slice(0, 4 * used), ...classes.slice(0, used), ...scores.slice(0, used)].filter(
    (v) => !Number.isFinite(v),
  ).length;
  if (bad > 0) return { kind: "malformed", why: `${bad} values are no numbers` };
  const detections = scores.slice(0, used).map((score, i): Detection => {
    const [top = NaN, left = NaN, bottom = NaN, right = NaN] = boxes.slice(4 * i, 4 * i + 4);
    return { classId: Math.round(classes[i] as number), score, box: { top, left, bottom, right } };
  });
  return { kind: "detections", detections: detections.sort((a, b) => b.score - a.score), full: used === scores.length };
}
