import type { Answer } from "../../records/answers.ts";
import { OBJECT_SCORE } from "../objects.ts";
import { type Decoded, type Detection, decodeDetections } from "./decode.ts";

/**
 * How far scores and box edges (fractions of the image) of one and the same answer may lie apart. Numbers are 32-bit floats
 * of seven digits, and servers write six of them or more into JSON; other threads or another processor add a layer's
 * products in another order, which moves the result by some 1e-6 to 1e-5. What is beyond 1e-4 is no rounding.
 */
export const TOLERANCE = 1e-4;

/** When two answers agree. */
export interface Agreeing {
  /** Scores and box edges (fractions of the image) may lie so far apart. */
  readonly within: number;
  /** Objects with a score up to this need not be in both. */
  readonly above: number;
}

/** Of answers to the same pixels. */
export const SAME_PIXELS: Agreeing = { within: TOLERANCE, above: -Infinity };

/**
 * Of answers to one file by servers that decode it by different libraries: TensorFlow's fast inverse transform and libjpeg's exact one
 * give pixels that differ by some levels of 255. That moved scores of SSD-MobileNet by up to 0.022 on a photograph, and took an object of
 * score 0.31 away.
 */
export const SAME_FILE: Agreeing = { within: 0.05, above: OBJECT_SCORE };

export const TOLERANCE_RULE =
  "Answers agree if every object of one is found in the other, with score and box edges (as fractions of the image) within " +
  "0.0001. 32-bit floats that were added in another order, or written with six digits, differ by at most a tenth of that. " +
  "If a list is full, an object may be missing whose score is that near to the last one of the list. Servers may decode a file by " +
  `different libraries: their answers to the same file agree if objects with a score of ${SAME_FILE.above} or more do, within ${SAME_FILE.within}`;

/** Two answers side by side. */
export interface AnswerComparison {
  /**
   * Largest difference of scores, and of box edges, between an object and the nearest one of its kind. An object that only one
   * answer has counts with its score. Other tensors count as scores.
   */
  readonly scoreDifference: number;
  readonly boxDifference: number;
  /** In what they differ beyond the tolerance; empty if they agree. */
  readonly differences: readonly string[];
}

/**
 * Compares two answers to the same input. The order of objects with scores as good as equal does not matter.
 *
 * @param agreeing `SAME_PIXELS`, or `SAME_FILE` if each server decoded a file itself
 */
export function compareAnswers(
  a: Answer,
  b: Answer,
  nameOf: (classId: number) => string,
  agreeing = SAME_PIXELS,
): AnswerComparison {
  const [left, right] = [decodeDetections(a), decodeDetections(b)];
  if (left.kind === "detections" && right.kind === "detections")
    return compareDetections(left, right, nameOf, agreeing);
  const differences = [left, right].flatMap((d, i) =>
    d.kind === "malformed" ? [`the ${i === 0 ? "first" : "second"} is no whole answer: ${d.why}`] : [],
  );
  if (differences.length > 0) return { scoreDifference: NaN, boxDifference: NaN, differences };
  return compareTensors(a, b, agreeing);
}

type List = Extract<Decoded, { kind: "detections" }>;

function compareDetections(
  a: List,
  b: List,
  nameOf: (classId: number) => string,
  { within, above }: Agreeing,
): AnswerComparison {
  const cut = Math.max(above, cutOf(a, within), cutOf(b, within));
  const free = new Set(b.detections);
  const alone = new Set<Detection>();
  let [scoreDifference, boxDifference] = [0, 0];
  const differences: string[] = [];
  const name = (d: Detection) => `${nameOf(d.classId)} ${d.score.toFixed(3)}`;
  for (const d of a.detections) {
    const nearest = nearestOf(d, free);
    if (nearest !== undefined && nearest.apart <= within) {
      free.delete(nearest.of);
      scoreDifference = Math.max(scoreDifference, Math.abs(d.score - nearest.of.score));
      boxDifference = Math.max(boxDifference, edgesApart(d, nearest.of));
    } else if (d.score > cut) {
      alone.add(d);
      scoreDifference = Math.max(scoreDifference, Math.abs(d.score - (nearest?.of.score ?? 0)));
      if (nearest !== undefined) boxDifference = Math.max(boxDifference, edgesApart(d, nearest.of));
      const other = nearest === undefined ? "" : ` (the nearest of its kind is ${nearest.apart.toPrecision(2)} away)`;
      differences.push(`${name(d)} is in the first alone${other}`);
    }
  }
  for (const d of free) {
    if (!(d.score > cut)) continue;
    differences.push(`${name(d)} is in the second alone`);
    // Next to one that the first has alone, it was counted there.
    if (nearestOf(d, alone) === undefined) scoreDifference = Math.max(scoreDifference, d.score);
  }
  return { scoreDifference, boxDifference, differences };
}

/** The score below which a full list may lack an object: which of two as good as equal ones was cut off, rounding decides. */
function cutOf(list: List, within: number): number {
  return list.full ? (list.detections.at(-1)?.score ?? -Infinity) + within : -Infinity;
}

function nearestOf(d: Detection, among: ReadonlySet<Detection>) {
  const kin = [...among].filter((of) => of.classId === d.classId);
  return kin
    .map((of) => ({ of, apart: Math.max(Math.abs(d.score - of.score), edgesApart(d, of)) }))
    .sort((a, b) => a.apart - b.apart)[0];
}

function edgesApart({ box: a }: Detection, { box: b }: Detection): number {
  return Math.max(...(["top", "left", "bottom", "right"] as const).map((edge) => Math.abs(a[edge] - b[edge])));
}

function compareTensors(a: Answer, b: Answer, { within }: Agreeing): AnswerComparison {
  const differences: string[] = [];
  let scoreDifference = 0;
  const [left, right] = withOneName(a, b);
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const [x, y] = [left[name], right[name]];
    if (x === undefined || y === undefined || x.shape.join() !== y.shape.join()) {
      differences.push(`"${name}" is [${x?.shape.join() ?? "absent"}] and [${y?.shape.join() ?? "absent"}]`);
      continue;
    }
    // A tensor may be too large to be spread over a call's arguments. NaN, which compares with nothing, is a difference.
    const apart = x.values.reduce((most, v, i) => larger(most, relativeDifference(v, y.values[i] ?? NaN)), 0);
    if (!(apart <= within)) differences.push(`"${name}" differs by ${apart.toPrecision(2)}`);
    if (apart > scoreDifference) scoreDifference = apart;
  }
  return { scoreDifference, boxDifference: 0, differences };
}

/** REST leaves out the name of a model's only output: it is the other answer's only one. */
function withOneName(a: Answer, b: Answer): readonly [Answer, Answer] {
  const [[nameA = "", ...moreA], [nameB = "", ...moreB]] = [Object.keys(a), Object.keys(b)];
  if (moreA.length > 0 || moreB.length > 0 || (nameA !== "" && nameB !== "")) return [a, b];
  const name = nameA || nameB;
  const named = (answer: Answer): Answer => Object.fromEntries(Object.values(answer).map((tensor) => [name, tensor]));
  return [named(a), named(b)];
}

/** Relative to the larger of both where that is beyond 1: a 32-bit float has seven digits, wherever its point is. */
function relativeDifference(x: number, y: number): number {
  return Math.abs(x - y) / Math.max(1, Math.abs(x), Math.abs(y));
}

const larger = (a: number, b: number) => (a >= b ? a : b >= a ? b : NaN);
