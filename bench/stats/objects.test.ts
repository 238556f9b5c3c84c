import { describe, expect, it } from "vitest";
import type { Answer } from "../records/answers.ts";
import { imageCovariates, objectCounts } from "./objects.ts";
import { gatherCells } from "./gather.ts";
import { callRecord, manifestOf } from "../testing/studies.ts";

describe("objects in the images", () => {
  it("are the detections with half a score and more, by cell", () => {
    const answer = (values: readonly number[]) => ({ detection_scores: { shape: [1, values.length], values } });
    const answers = new Map<string, Answer>([
      ["a", answer([0.9, 0.5, 0.49])],
      ["b", answer([])],
      ["c", { logits: { shape: [1], values: [1] } }],
    ]);
    expect(objectCounts(answers)).toEqual(
      new Map([
        ["a", 2],
        ["b", 0],
      ]),
    );
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
      { ...callRecord("a", 0, 100), phase: "warmup" },
      callRecord("a", 0, 4, { encodeMs: 1 }),
      callRecord("b", 0, 7),
      callRecord("a", 0, 2, { encodeMs: 3 }),
      callRecord("a", 1, 5),
      { ...callRecord("a", 1, 50), ok: false },
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
