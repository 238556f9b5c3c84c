import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageCovariates, readObjectCounts } from "./objects.ts";
import { gatherCells } from "./visits.ts";
import { callRecord, manifestOf } from "./testing.ts";

describe("objects in the images", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-objects-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const answer = (cell: string, scores: readonly number[]) =>
    `${JSON.stringify({ cell, outputs: { detection_scores: { dtype: "DT_FLOAT", shape: [1], values: scores } } })}\n`;

  it("are the detections with half a score and more, by cell; a torn last line is left out", async () => {
    const path = join(dir, "answers.jsonl");
    writeFileSync(path, `${answer("a", [0.9, 0.5, 0.49])}${answer("b", [])}{"cell":"c","outp`);
    expect(await readObjectCounts(path)).toEqual(
      new Map([
        ["a", 2],
        ["b", 0],
      ]),
    );
    expect(await readObjectCounts(join(dir, "none.jsonl"))).toEqual(new Map());
  });

  it("damaged in the middle are named by file and line", async () => {
    const path = join(dir, "answers.jsonl");
    writeFileSync(path, `${answer("a", [1])}{"cell":3}\n${answer("b", [1])}`);
    await expect(readObjectCounts(path)).rejects.toThrow(/answers\.jsonl:2/);
  });

  it("of an image are the median over trained models alone", () => {
    const manifest = manifestOf({
      placements: [["edge", "edge"]],
      images: [
        { name: "image-1", fileBytes: 7, pixels: 12 },
        { name: "image-2", fileBytes: 9 },
      ],
    });
    const id = (model: string, kind: string) => `edge>edge ${kind} ${model} image-1`;
    const counts = new Map([
      [id("ssd-mobilenet", "probe"), 4],
      [id("ssd-mobilenet", "rest"), 6],
      [id("rfcn-resnet101", "probe"), 100],
      [id("null", "probe"), 100],
    ]);
    expect(imageCovariates(manifest, counts)).toEqual([
      { image: "image-1", fileBytes: 7, pixels: 12, objects: 5 },
      { image: "image-2", fileBytes: 9, pixels: 1000, objects: null },
    ]);
  });
});

describe("calls gathered by visit", () => {
  it("keep each visit's median, mean and phases; warm-up and failed calls count into nothing", async () => {
    const cells = await gatherCells([
      { ...callRecord("a", 0, 100), phase: "warmup" } as ReturnType<typeof callRecord>,
      callRecord("a", 0, 4, { encodeMs: 1 }),
      callRecord("b", 0, 7),
      callRecord("a", 0, 2, { encodeMs: 3 }),
      callRecord("a", 1, 5),
      { ...callRecord("a", 1, 50), ok: false } as ReturnType<typeof callRecord>,
    ]);
    expect([...(cells.get("a")?.totalsMs ?? [])]).toEqual([4, 2, 5]);
    expect(cells.get("a")?.visits).toMatchObject([
      { round: 0, n: 2, medianMs: 3, meanMs: 3, phaseMeansMs: { encodeMs: 2, sendMs: null } },
      { round: 1, n: 1, medianMs: 5, meanMs: 5, phaseMeansMs: { encodeMs: null } },
    ]);
    expect(cells.get("b")?.visits).toHaveLength(1);
  });

  it("of a session that took up a visit again are one visit", async () => {
    const cells = await gatherCells([callRecord("a", 2, 1), callRecord("b", 2, 1), callRecord("a", 2, 3)]);
    expect(cells.get("a")?.visits).toMatchObject([{ round: 2, n: 2, medianMs: 2 }]);
  });
});
