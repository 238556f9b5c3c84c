import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TOLERANCE, compareAnswers } from "./compare.ts";
import type { Detection } from "./decode.ts";
import { answerOf } from "../../testing/detections.ts";

const at = (classId: number, score: number, left = 0.1): Detection => ({
  ...{ classId, score },
  box: { top: 0.1, left, bottom: 0.5, right: left + 0.2 },
});
const nameOf = (classId: number) => (classId === 1 ? "person" : `class ${classId}`);
const compare = (a: readonly Detection[], b: readonly Detection[], slots = 100) =>
  compareAnswers(answerOf(a, slots), answerOf(b, slots), nameOf);

describe("answers to the same input", () => {
  it("agree where all that differs is rounding, whatever the order of equal scores", () => {
    const a = [at(1, 0.9), at(1, 0.5, 0.3), at(2, 0.5, 0.4)];
    const b = [at(1, 0.90003), at(2, 0.50001, 0.40002), at(1, 0.5, 0.3)];
    const { differences, scoreDifference, boxDifference } = compare(a, b);
    expect(differences).toEqual([]);
    expect(scoreDifference).toBeCloseTo(0.00003, 7);
    expect(boxDifference).toBeCloseTo(0.00002, 7);
  });

  it("do not agree where an object is in one alone, even the last of a list", () => {
    expect(compare([at(1, 0.9), at(1, 0.6, 0.5)], [at(1, 0.9)]).differences).toEqual([
      "person 0.600 is in the first alone",
    ]);
    expect(compare([at(1, 0.9)], [at(1, 0.9), at(3, 0.2, 0.5)]).differences).toEqual([
      "class 3 0.200 is in the second alone",
    ]);
  });

  it("do not agree where a score, an edge or a class moved", () => {
    expect(compare([at(1, 0.9)], [at(1, 0.901)]).differences[0]).toMatch(
      /person 0\.900 is in the first alone \(.* 0\.0010 away/,
    );
    expect(compare([at(1, 0.9)], [at(1, 0.9, 0.11)]).differences).toHaveLength(2);
    expect(compare([at(1, 0.9)], [at(2, 0.9)]).differences).toHaveLength(2);
  });

  it("may end differently where a full list was cut between scores that are as good as equal", () => {
    const a = [at(1, 0.9), at(1, 0.3, 0.2)];
    const b = [at(1, 0.9), at(1, 0.30002, 0.6)];
    expect(compare(a, b, 2).differences).toEqual([]);
    expect(compare(a, b, 3).differences).toHaveLength(2);
  });

  it("that are not whole agree with nothing; tensors of other kinds are compared number by number", () => {
    const whole = answerOf([at(1, 0.9)]);
    const torn = { ...whole, detection_scores: { shape: [1, 1], values: [1] } };
    expect(compareAnswers(whole, torn, nameOf).differences[0]).toMatch(/the second is no whole answer: 100 boxes/);
    const logits = (...values: number[]) => ({ logits: { shape: [1, values.length], values } });
    expect(compareAnswers(logits(1, 2), logits(1, 2.00001), nameOf).differences).toEqual([]);
    expect(compareAnswers(logits(1, 2), logits(1, 3), nameOf).differences).toEqual(['"logits" differs by 0.33']);
    expect(compareAnswers(logits(1, NaN), logits(1, NaN), nameOf).differences).toHaveLength(1);
    expect(compareAnswers(logits(1), logits(1, 3), nameOf).differences).toEqual(['"logits" is [1,1] and [1,2]']);
  });

  it("agree where one API leaves out the name of the only output, and where large numbers were printed in seven digits", () => {
    const output = (name: string, ...values: number[]) => ({ [name]: { shape: [values.length], values } });
    expect(compareAnswers(output("", 1, 2), output("logits", 1, 2), nameOf).differences).toEqual([]);
    expect(compareAnswers(output("a", 1), output("b", 1), nameOf).differences).toHaveLength(2);
    expect(compareAnswers(output("x", 555557.5), output("x", 555558), nameOf).differences).toEqual([]);
    expect(compareAnswers(output("x", -555557), output("x", 555557), nameOf).differences).toHaveLength(1);
  });

  it("may be as large as a mask of every pixel", () => {
    const mask = (last: number) => ({ mask: { shape: [1e6], values: [...new Array<number>(1e6 - 1).fill(0), last] } });
    expect(compareAnswers(mask(0), mask(0), nameOf).differences).toEqual([]);
    expect(compareAnswers(mask(0), mask(1), nameOf).differences).toEqual(['"mask" differs by 1.0']);
  });

  it("agree after any rounding within the tolerance and any order, and not after a larger step of one score", () => {
    const detection = fc.record({
      classId: fc.integer({ min: 1, max: 3 }),
      score: fc.double({ min: 0.3, max: 0.99, noNaN: true }),
      left: fc.double({ min: 0, max: 0.8, noNaN: true }),
    });
    // Objects of one class that lie far more than the tolerance apart: a model separates no others either.
    const list = fc.uniqueArray(detection, {
      ...{ minLength: 1, maxLength: 12 },
      comparator: (a, b) => a.classId === b.classId && Math.abs(a.left - b.left) < 0.01,
    });
    const noise = fc.array(fc.double({ min: -0.9, max: 0.9, noNaN: true }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(list, noise, fc.nat(), (objects, moves, which) => {
        const a = objects.map((o) => at(o.classId, o.score, o.left));
        const move = (i: number) => (moves[i] as number) * TOLERANCE;
        const b = objects.map((o, i) => at(o.classId, o.score + move(i), o.left + move(12 + i))).reverse();
        expect(compare(a, b).differences).toEqual([]);
        const i = which % b.length;
        const moved = b.map((d, j) => (j === i ? { ...d, score: d.score - 3 * TOLERANCE } : d));
        expect(compare(a, moved).differences.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
