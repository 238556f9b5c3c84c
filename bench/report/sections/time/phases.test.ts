import { describe, expect, it } from "vitest";
import type { Cell } from "../../../matrix/cell.ts";
import { type CellSummary, summariesOf } from "../../../stats/summary.ts";
import { gatherCells } from "../../../stats/gather.ts";
import { cellOf, summaryOf as summary } from "../../../testing/cells.ts";
import { callRecord, manifestOf } from "../../../testing/studies.ts";
import { reportInputs } from "../../index.ts";
import { tableText } from "../../render/text.ts";
import { phaseTable } from "./phases.ts";

const summarised = async (records: Parameters<typeof gatherCells>[0]) => summariesOf(await gatherCells(records));

const X4 = { mode: "closed-loop", concurrency: 4 };
const TEN_A_SECOND = { mode: "constant-rate", concurrency: 1, ratePerSecond: 10 };

describe("the table of phases", () => {
  const images = ["image-1", "image-2", "image-3"];
  const plain = images.map((i) => cellOf(["client", "edge"], "ssd-mobilenet", "probe", i));
  const textOf = (cells: readonly Cell[], summaries: ReadonlyMap<string, CellSummary>) => {
    const manifest = { ...manifestOf({ placements: [], images: [] }), cells: [...cells] };
    return tableText(phaseTable(reportInputs(manifest, { summaries })));
  };

  it("never averages cells of different loads, and shows the load", () => {
    const loaded = plain.flatMap((c) => [
      { ...c, id: `${c.id} x4`, load: X4 },
      { ...c, id: `${c.id} 10/s`, load: TEN_A_SECOND },
    ]);
    const cells = [...plain, ...loaded];
    const ms = (c: Cell) => (c.load === X4 ? 400 : c.load === TEN_A_SECOND ? 200 : 100);
    const text = textOf(cells, new Map(cells.map((c) => [c.id, summary(c, ms(c))])));
    expect(text).toMatch(/gRPC \(probe\) +ssd-mobilenet +one by one +3 +100 +100/);
    expect(text).toMatch(/gRPC \(probe\) +ssd-mobilenet +x4 +3 +400 +400/);
    expect(text).toMatch(/gRPC \(probe\) +ssd-mobilenet +10\/s +3 +200 +200/);
  });

  it("show what a call of an open loop waited before it began, so that the parts come to the mean", async () => {
    const [a] = plain as [Cell];
    const open = { ...a, id: `${a.id} 10/s`, load: TEN_A_SECOND };
    const parts = { lateMs: 300, encodeMs: 1, sendMs: 2, waitMs: 40, receiveMs: 3, decodeMs: 4 };
    const calls = [-1, 1].map((sign) => {
      const own = { ...parts, lateMs: 300 + 100 * sign };
      return callRecord(open.id, 0, 350 + 100 * sign, own);
    });
    const text = textOf([a, open], await summarised([callRecord(a.id, 0, 50), ...calls]));
    expect(text).toMatch(/10\/s +1 +350 +350 +300 +1\.00 +2\.00 +40\.0 +3\.00 +4\.00 +2/);
    expect(text).toMatch(/one by one +1 +50\.0 +50\.0 +– /);
    expect(text).toContain("Queued:");
    expect(textOf([a], await summarised([callRecord(a.id, 0, 50)]))).not.toContain("queued");
  });

  it("says over how many images a mean is where some failed or were not reached, the failed ones' calls left out", () => {
    const [a, b] = plain as [Cell, Cell];
    const failure = { code: "UNAVAILABLE", message: "gone" };
    const some = new Map([
      [a.id, summary(a, 100)],
      [b.id, summary(b, 900, 5, failure)],
    ]);
    expect(textOf(plain, some)).toMatch(/1 of 3: 1 failed, 1 not measured +100 +100/);
    expect(textOf(plain, some)).not.toContain("load");
  });
});
