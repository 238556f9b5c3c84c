import { describe, expect, it } from "vitest";
import { compareRuns } from "../../compare/compare.ts";
import { formatComparison } from "../../compare/comparison-text.ts";
import type { Cell } from "../../matrix/cell.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import { sampleManifest } from "../../testing/sample-run.ts";
import { reportInputs, reportJson, reportText } from "../index.ts";

const manifest = {
  ...sampleManifest(),
  ...manifestOf({
    placements: [
      ["client", "client"],
      ["edge", "edge"],
      ["client", "edge"],
    ],
    images: ["a", "b"].map((name) => ({ name, fileBytes: 1 })),
  }),
};
const run = (ms: (cell: Cell, round: number) => number) =>
  studyOf(manifest, 3, (cell, round) => Array.from({ length: 6 }, () => ({ totalMs: ms(cell, round) })));

describe("a run of which a clock", () => {
  it("saw no time in any call has no ratio, no fastest, and no NaN", async () => {
    const study = run(() => 0);
    const text = await reportText(reportInputs(manifest, { study }));
    expect(text).not.toMatch(/NaN|Infinity|times as long|is the fastest/);
    expect(formatComparison(compareRuns(study, { ...study }, { threshold: 0.05 }))).not.toMatch(/NaN|Infinity/);
  });

  it("saw no time in one visit, or in one cell, has the ratios of the others", async () => {
    for (const none of [
      (c: Cell, round: number) => c.image === "a" && round === 0,
      (c: Cell) => c.id.endsWith("rest ssd-mobilenet a"),
    ]) {
      const study = run((c, round) => (none(c, round) ? 0 : (c.server === "edge" ? 20 : 10) + round));
      const inputs = reportInputs(manifest, { study });
      expect(await reportText(inputs)).not.toMatch(/NaN|Infinity/);
      const { effects } = (await reportJson(inputs)) as { effects?: { rows: { ratio: number }[] } };
      expect(effects?.rows.every((r) => Number.isFinite(r.ratio) && r.ratio > 0.4 && r.ratio < 2.5)).toBe(true);
    }
  });

  it("saw the same time in all calls says that time, to the last digit", async () => {
    const json = JSON.stringify(await reportJson(reportInputs(manifest, { study: run(() => 10) })));
    expect(json).not.toMatch(/10\.0000|9\.9999/);
  });
});
