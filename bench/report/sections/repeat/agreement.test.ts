import { describe, expect, it } from "vitest";
import type { Cell } from "../../../matrix/cell.ts";
import { manifestOf, studyOf } from "../../../testing/studies.ts";
import { apartOf } from "../../../compare/apart.ts";
import { runsAgreement } from "./repeat.ts";
import { agreementText } from "./repeat.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["edge", "edge"],
    ["client", "edge"],
  ],
  images: ["image-1", "image-2"].map((name, i) => ({ name, fileBytes: 100 * (i + 1) })),
});

/** A run whose null cells are `nullFactor` and whose REST cells are `restFactor` times as slow. */
function run(nullFactor: number, restFactor: number) {
  return studyOf(manifest, 3, (c: Cell, round) => {
    const model = c.model === "null" ? 4 * nullFactor : c.model === "ssd-mobilenet" ? 40 : 400;
    return [{ totalMs: model * (c.client === "rest" ? 2 * restFactor : 1) * (1 + 0.001 * (round % 2)) }];
  });
}

describe("two runs of one matrix", () => {
  it("lie apart by the share of the smaller figure, whichever run it is of", () => {
    expect(apartOf([1.25, 0.8, 1])).toMatchObject({
      figures: 3,
      typical: expect.closeTo(0.25, 9) as number,
      near: 1 / 3,
    });
    expect(apartOf([])).toBeNull();
  });

  it("agree in models and ratios where only the null model's milliseconds differ", () => {
    const [first, second] = [run(1, 1), run(1.5, 1)];
    const cells = manifest.cells.map((cell) => ({ cell, ratio: cell.model === "null" ? 1.5 : 1 }));
    const agreement = runsAgreement(first, second, cells);
    expect(agreement.cells?.largest).toBeCloseTo(0.5, 9);
    expect(agreement.models).toMatchObject({ figures: 24, largest: 0 });
    expect(agreement.ratiosApart?.largest).toBeCloseTo(0, 9);
    expect(agreement.ratios.some((r) => r.row.factor === "image")).toBe(false);
    expect(agreement.verdicts.map((v) => v.first)).toEqual(agreement.verdicts.map((v) => v.second));
  });

  it("are said to differ in a ratio and in a verdict where they do", () => {
    const cells = manifest.cells.map((cell) => ({ cell, ratio: cell.client === "rest" ? 0.25 : 1 }));
    const agreement = runsAgreement(run(1, 1), run(1, 0.25), cells);
    const protocol = agreement.ratios.find((r) => r.row.factor === "client" && r.row.at === null);
    expect([protocol?.first, protocol?.second].map((x) => Number(x?.toFixed(3)))).toEqual([2, 0.5]);
    expect(agreementText(agreement)).toMatch(
      /of the paper's 4 conclusions have the same verdict in both runs \(.*: holds, then does not hold/,
    );
  });
});
