import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAnswers } from "./answers.ts";
import { decodeDetections } from "../stats/detections/decode.ts";
import { answerOf } from "../testing/detections.ts";

describe("kept answers", () => {
  let path: string;
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-answers-"));
    path = join(dir, "answers.jsonl");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const line = (cell: string, values: readonly (number | null)[]) =>
    `${JSON.stringify({ cell, outputs: { x: { dtype: "DT_FLOAT", shape: [values.length], values } } })}\n`;

  it("are read by cell, the newest of each; a torn last line and a missing file are no fault", async () => {
    writeFileSync(path, `${line("a", [1])}${line("b", [2, null])}${line("a", [3])}{"cell":"c","outp`);
    expect((await readAnswers(path)).answers).toEqual(
      new Map([
        ["a", { x: { dtype: "DT_FLOAT", shape: [1], values: [3] } }],
        ["b", { x: { dtype: "DT_FLOAT", shape: [2], values: [2, NaN] } }],
      ]),
    );
    expect(await readAnswers(join(dir, "none.jsonl"))).toEqual({ answers: new Map(), tooLarge: new Map() });
  });

  it("that were too large are counted, until a newer one of the same cell is there", async () => {
    const large = (cell: string) => `${JSON.stringify({ cell, outputs: {}, tooLarge: 9e7 })}\n`;
    writeFileSync(path, `${line("a", [1])}${large("a")}${large("b")}${line("b", [2])}`);
    const { answers, tooLarge } = await readAnswers(path);
    expect([...answers.keys()]).toEqual(["b"]);
    expect(tooLarge).toEqual(new Map([["a", 9e7]]));
  });

  it("damaged in the middle are named by file and line", async () => {
    writeFileSync(path, `${line("a", [1])}{"cell":3}\n${line("b", [1])}`);
    await expect(readAnswers(path)).rejects.toThrow(/answers\.jsonl:2/);
  });
});

describe("an answer as detections", () => {
  const cat = { classId: 17, score: 0.9, box: { top: 0.1, left: 0.2, bottom: 0.5, right: 0.6 } };
  const dog = { ...cat, classId: 18, score: 0.95 };

  it("has its objects by falling score, and as many as it says", () => {
    expect(decodeDetections(answerOf([cat, dog], 5))).toEqual({
      kind: "detections",
      detections: [dog, cat],
      full: false,
    });
    expect(decodeDetections(answerOf([cat, dog], 2))).toMatchObject({ full: true });
  });

  it("is told from one of another kind, and from one that is not whole", () => {
    const whole = answerOf([cat], 3);
    expect(decodeDetections({ logits: { shape: [1], values: [1] } })).toEqual({ kind: "other" });
    const { detection_boxes: _, ...boxless } = whole;
    expect(decodeDetections(boxless)).toMatchObject({
      kind: "malformed",
      why: expect.stringContaining("only") as string,
    });
    expect(decodeDetections({ ...whole, detection_classes: { shape: [1, 2], values: [1, 1] } })).toMatchObject({
      why: "3 boxes, 2 classes, 3 scores",
    });
    expect(decodeDetections({ ...whole, num_detections: { shape: [1], values: [4] } })).toMatchObject({
      why: "num_detections is 4, of 3 slots",
    });
    expect(decodeDetections({ ...whole, num_detections: { shape: [1], values: [NaN] } }).kind).toBe("malformed");
    const scores = { shape: [1, 3], values: [NaN, 0, 0] };
    expect(decodeDetections({ ...whole, detection_scores: scores })).toMatchObject({ why: "1 values are no numbers" });
  });
});
