import { describe, expect, it } from "vitest";
import { answerOf } from "../../testing/detections.ts";
import { manifestOf } from "../../testing/studies.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { Detection } from "./decode.ts";
import { detectionAlarms, findingsOf } from "./findings.ts";

const dog: Detection = { classId: 18, score: 0.9, box: { top: 0, left: 0.25, bottom: 1, right: 0.5 } };
const base = {
  ...manifestOf({
    placements: [
      ["client", "client"],
      ["edge", "edge"],
    ],
    images: [{ name: "image-1", fileBytes: 1, pixels: 8 }],
  }),
  ...{ readBack: {}, createdAt: "2026-01-01T00:00:00.000Z" },
};

/** What is said of two servers' answers to one input of a kind, the second one's score moved by so much. */
function said(input: Cell["input"], moved: number, score = 0.9) {
  const cells = base.cells.filter((c) => c.client === "probe" && c.model === "ssd-mobilenet");
  const manifest = { ...base, cells: cells.map((c) => ({ ...c, input })) };
  const answers = new Map(cells.map((c, i) => [c.id, answerOf([{ ...dog, score: i === 0 ? score : score + moved }])]));
  const findings = findingsOf(manifest, { answers, labels: new Map(), photographs: new Map() });
  return {
    between: findings.flatMap((f) => f.agreements.map((a) => a.between)),
    alarms: detectionAlarms(findings),
  };
}

describe("answers of different servers", () => {
  it("to one file may differ by as much as JPEG decoders do", () => {
    expect(said("file", 0.02)).toEqual({ between: ["decoders"], alarms: [] });
  });

  it("to one file that differ by more are an alarm", () => {
    expect(said("file", 0.09).alarms).toHaveLength(1);
  });

  it("to one file need not share objects of low scores", () => {
    expect(said("file", 0.09, 0.4).alarms).toEqual([]);
  });

  it("to the same pixels may not: no decoder is in between", () => {
    const { between, alarms } = said("pixels", 0.005);
    expect([between, alarms.length]).toEqual([["servers"], 1]);
  });
});
