import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { manifestOf } from "../../testing/studies.ts";
import { MOST_DRAWN, describe as inWords, drawPicture } from "./draw.ts";
import type { Found, Picture } from "../../stats/detections/findings.ts";
import { fit } from "../../records/photographs.ts";
import { overlap, placeLabels } from "./label-layout.ts";

const manifest = manifestOf({ placements: [["edge", "edge"]], images: [{ name: "image-1", fileBytes: 1 }] });
const found = (label: string, score: number, left = 0.1): Found => ({
  ...{ label, score, classId: 1 },
  box: { top: 0.2, left, bottom: 0.8, right: left + 0.3 },
});
const picture = (objects: readonly Found[]): Picture => ({
  image: "image-1",
  cell: manifest.cells[0] as Picture["cell"],
  found: objects,
});

describe("labels", () => {
  it("stand above their box, and inside of it where there is no room above", () => {
    const label = { width: 40, height: 10 };
    const boxes = [
      { box: { x: 20, y: 50, width: 60, height: 30 }, ...label },
      { box: { x: 20, y: 0, width: 60, height: 30 }, ...label },
    ];
    const [above, inside] = placeLabels(boxes, { width: 100, height: 100 });
    expect(above).toEqual({ x: 20, y: 40, ...label });
    expect(inside).toEqual({ x: 20, y: 0, ...label });
  });

  it("of boxes that are the same do not cover each other", () => {
    const box = { x: 20, y: 50, width: 60, height: 40 };
    const labels = placeLabels(
      Array.from({ length: 4 }, () => ({ box, width: 40, height: 10 })),
      { width: 100, height: 100 },
    );
    labels.forEach((a, i) => labels.slice(i + 1).forEach((b) => expect(overlap(a, b)).toBe(0)));
  });

  it("never leave the drawing, wherever the boxes are", () => {
    const box = fc.record({
      x: fc.double({ min: -50, max: 150, noNaN: true }),
      y: fc.double({ min: -50, max: 150, noNaN: true }),
      width: fc.double({ min: 0, max: 150, noNaN: true }),
      height: fc.double({ min: 0, max: 150, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(box, { maxLength: 20 }), (boxes) => {
        const labels = placeLabels(
          boxes.map((b) => ({ box: b, width: 40, height: 10 })),
          { width: 100, height: 80 },
        );
        expect(labels).toHaveLength(boxes.length);
        for (const l of labels) {
          expect(l.x).toBeGreaterThanOrEqual(0);
          expect(l.x + l.width).toBeLessThanOrEqual(100);
          expect(l.y).toBeGreaterThanOrEqual(0);
          expect(l.y + l.height).toBeLessThanOrEqual(80);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("a drawing", () => {
  it("has a box and a label for each object, one colour a class, and says in words what it shows", () => {
    const svg = drawPicture(picture([found("person", 0.98), found("person", 0.7, 0.5), found("dog", 0.6, 0.3)]), {
      ...{ width: 200, height: 100 },
      photographId: "p1",
    });
    expect(svg).toContain('<use href="#p1"/>');
    expect(svg.match(/class="box c0"/g)).toHaveLength(2);
    expect(svg.match(/class="box c1"/g)).toHaveLength(1);
    expect(svg).toContain('class="box c0" x="20.0" y="20.0" width="60.0" height="60.0"');
    expect(svg).toContain(">person 0.98</text>");
    expect(svg).toContain('aria-label="image-1: rfcn-resnet101 finds 3 objects: person 0.98, person 0.70, dog 0.60"');
  });

  it("keeps boxes inside, escapes names, draws no more than can be seen, and is plain where there is no photograph", () => {
    const wide = { ...found('a<b&"c', 0.9), box: { top: -0.5, left: -1, bottom: 2, right: 3 } };
    const svg = drawPicture(picture([wide, ...Array.from({ length: 40 }, () => found("x", 0.5))]), {
      ...{ width: 200, height: 100 },
    });
    expect(svg).toContain('x="0.0" y="0.0" width="200.0" height="100.0"');
    expect(svg).not.toContain("a<b");
    expect(svg.match(/class="box /g)).toHaveLength(MOST_DRAWN);
    expect(svg).toContain('class="blank"');
  });

  it("says where nothing was found", () => {
    expect(inWords(picture([]))).toBe("image-1: rfcn-resnet101 finds nothing with a score of 0.5 and more");
  });
});

describe("a kept photograph", () => {
  it("is smaller than what was sent, never larger, and keeps its shape", () => {
    expect(fit(4000, 3000, 560)).toEqual({ width: 560, height: 420 });
    expect(fit(100, 50, 560)).toEqual({ width: 100, height: 50 });
    expect(fit(10_000, 1, 560)).toEqual({ width: 560, height: 1 });
  });
});
