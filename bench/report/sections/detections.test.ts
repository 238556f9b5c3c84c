import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Answer } from "../../records/answers.ts";
import type { Detection } from "../../stats/detections/decode.ts";
import { keepPhotographs, readPhotographs } from "../../records/photographs.ts";
import type { Seen } from "../../records/seen.ts";
import { answerOf } from "../../testing/detections.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import { detectionsSection } from "./detections.ts";
import { answerSection } from "./answer.ts";
import { renderSections, reportInputs, reportJson } from "../index.ts";
import { renderPage } from "../render/page.ts";
import { renderText } from "../render/text.ts";
import type { ReportInputs } from "../section.ts";

const manifest = {
  ...manifestOf({
    placements: [
      ["client", "client"],
      ["edge", "edge"],
    ],
    images: [
      { name: "image-1", fileBytes: 1, pixels: 8 },
      { name: "image-2", fileBytes: 2, pixels: 8 },
    ],
  }),
  ...{ readBack: {}, createdAt: "2026-01-01T00:00:00.000Z" },
};
const dog: Detection = { classId: 18, score: 0.9, box: { top: 0, left: 0.25, bottom: 1, right: 0.5 } };

/** A run all of whose cells answered alike, but for what `change` says. */
function report(
  change: (cell: string) => Answer | undefined = () => undefined,
  photographs: Seen["photographs"] = new Map(),
) {
  const answers = new Map(manifest.cells.map((c) => [c.id, change(c.id) ?? answerOf([dog])]));
  const labels = new Map([["ssd-mobilenet", new Map([[18, "dog"]])]]);
  const study = { ...studyOf(manifest, 2, () => [{ totalMs: 1 }]), seen: { answers, labels, photographs } };
  // The machines' table needs facts, which this test has none of.
  const inputs = reportInputs(manifest, { study });
  return { ...inputs, manifest: { ...manifest, deployments: [] } };
}

const OWN = [answerSection, detectionsSection];
const pageOf = async (inputs: ReportInputs) =>
  renderPage({ title: "t", eyebrow: "e" }, await renderSections(inputs, OWN));
const textOf = async (inputs: ReportInputs) => renderText(await renderSections(inputs, OWN));

describe("the report on detections", () => {
  it("names what trained models found, and draws nothing of a model with random weights", async () => {
    const text = await textOf(report());
    expect(text).toContain("What the models found");
    expect(text).toMatch(/ssd-mobilenet +image-2 +dog 0\.90/);
    expect(text).toMatch(/rfcn-resnet101 has random weights: its detections mean nothing/);
    expect(text).not.toMatch(/rfcn-resnet101 +image-/);
    expect(text).not.toContain("ATTENTION");
    // Two images, two servers: a pair of clients each; for trained models one of servers for each image.
    expect(text).toMatch(/ssd-mobilenet +one server: gRPC \(probe\) and REST \(rest\) +4 .* yes/);
    expect(text).toMatch(/ssd-mobilenet +different servers: gRPC \(probe\) +2 .* yes/);
    expect(text).toMatch(/rfcn-resnet101 +one server: gRPC \(probe\) and REST \(rest\) +4 .* yes/);
    expect(text).not.toMatch(/rfcn-resnet101 +different servers/);
  });

  it("says before all else that protocols gave different answers, and where", async () => {
    const other = answerOf([{ ...dog, score: 0.8 }]);
    const text = await textOf(report((id) => (id === "edge>edge rest ssd-mobilenet image-2" ? other : undefined)));
    expect(text).toMatch(/^[^]{0,200}\n\nATTENTION: ssd-mobilenet: one server's answers to different clients/);
    expect(text).toContain(
      "DIFFER in 1 of 4 comparisons, such as edge>edge probe ssd-mobilenet image-2 and edge>edge rest",
    );
    expect(text).toMatch(/ssd-mobilenet +one server: gRPC \(probe\) and REST \(rest\) +4 +0\.100 +0 +no: 1 differ/);
    expect(text).toMatch(/ssd-mobilenet +different servers: gRPC \(probe\) +2 .* yes/);
  });

  it("tells an answer that is not whole from an empty one", async () => {
    const torn = { ...answerOf([dog]), detection_scores: { shape: [1, 1], values: [0.9] } };
    const text = await textOf(report((id) => (id.includes("ssd-mobilenet image-1") ? torn : undefined)));
    expect(text).toContain("the answer is not whole: 100 boxes, 100 classes, 1 scores");
    expect(text).toMatch(/ssd-mobilenet +image-1 +100 boxes/);
    expect(text).not.toContain("NaN");
  });

  it("has the findings for programs, too", async () => {
    const json = (await reportJson(report(), OWN)) as {
      detections: { model: string; pictures: { found: unknown[] }[] }[];
    };
    const ssd = json.detections.find((d) => d.model === "ssd-mobilenet");
    expect(ssd?.pictures.map((p) => p.found)).toEqual(Array.from({ length: 2 }, () => [{ ...dog, label: "dog" }]));
  });

  describe("as a page", () => {
    let dir: string;
    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-photographs-"))));
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    it("holds each photograph once, from the pixels that were sent, and draws on it for every model", async () => {
      const rgb = Buffer.alloc(8 * 3, 200).toString("base64");
      const sent = manifest.images.map(({ name }) => ({ name, width: 8, height: 1, rgb }));
      await keepPhotographs(dir, sent);
      const photographs = await readPhotographs(dir, manifest);
      expect([...photographs.keys()]).toEqual(["image-1", "image-2"]);
      const inputs = report(undefined, photographs);
      const page = await pageOf(inputs);
      expect(page.match(/data:image\/jpeg;base64,/g)).toHaveLength(2);
      expect(page.match(/<use href="#photograph-image-1"/g)).toHaveLength(1);
      expect(page).toContain("dog 0.90</text>");
      expect(page).not.toContain("Blank: the run kept no copy of the photograph");
    });

    it("says so where a run kept no photographs", async () => {
      const inputs = report();
      const page = await pageOf(inputs);
      expect(page).toContain("Blank: the run kept no copy of the photograph");
      expect(page).toContain('class="blank"');
    });
  });
});
