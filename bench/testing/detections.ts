import type { Answer } from "../records/answers.ts";
import type { Detection } from "../stats/detections/decode.ts";

/** An answer with these detections in the first of its slots, for tests. */
export function answerOf(detections: readonly Detection[], slots = 100): Answer {
  const filled = <T>(of: (d: Detection) => T, empty: T) => [
    ...detections.map(of),
    ...Array.from({ length: slots - detections.length }, () => empty),
  ];
  return {
    detection_boxes: {
      shape: [1, slots, 4],
      values: filled(({ box: b }) => [b.top, b.left, b.bottom, b.right], [0, 0, 0, 0]).flat(),
    },
    detection_classes: { shape: [1, slots], values: filled((d) => d.classId, 0) },
    detection_scores: { shape: [1, slots], values: filled((d) => d.score, 0) },
    num_detections: { shape: [1], values: [detections.length] },
  };
}
