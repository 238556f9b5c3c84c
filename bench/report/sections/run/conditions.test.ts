import { describe, expect, it } from "vitest";
import type { CellConditions } from "../../../stats/conditions.ts";
import type { RunManifest } from "../../../records/manifest.ts";
import { manifestOf, studyOf } from "../../../testing/studies.ts";
import type { CellSummary } from "../../../stats/summary.ts";
import { conditionBlocks, failedCells } from "./conditions.ts";
import { reportInputs } from "../../index.ts";
import { renderText } from "../../render/text.ts";

const manifest = manifestOf({ placements: [["edge", "edge"]], images: [{ name: "image-1", fileBytes: 1 }] });

function condition(cell: string, more: Partial<CellConditions> = {}): [string, CellConditions] {
  const end = { reason: "precision" as const, n: 30, precision: 0.01, stable: true };
  return [
    cell,
    {
      ...{ cell, end, visits: 2, disturbedVisits: 0, disturbances: [], flagged: false, behind: false },
      ...{ throttledShare: null, stealShare: null },
      ...more,
    },
  ];
}

function textOf(parts: Parameters<typeof reportInputs>[1], own = manifest): string {
  const inputs = reportInputs(own, parts);
  const blocks = [...failedCells(inputs), ...conditionBlocks(inputs)];
  return renderText([{ id: "run", title: "The run", short: "", blocks }]);
}

describe("how the cells ended", () => {
  it("counts the ends, and names cells that drifted or were disturbed by their own client", () => {
    const [first] = manifest.cells;
    const cells = ["a", "b", "c", "d"].map((id) => ({ ...first, id })) as typeof manifest.cells;
    const summaries = new Map(["a", "b", "c"].map((id) => [id, { cell: id, n: 30 } as CellSummary]));
    const end = { reason: "budget" as const, n: 30, precision: 0.1, stable: false };
    const disturbed = { disturbedVisits: 1, disturbances: ["late"], flagged: true };
    const conditions = new Map([condition("a"), condition("b", { end, ...disturbed }), condition("c", { end: null })]);
    expect(
      textOf({ conditions, summaries }, { ...manifest, cells })
        .split("\n")
        .filter((line) => line !== ""),
    ).toEqual([
      "The run",
      "How the 4 cells ended: 1 as precise as asked for, 1 when the time was up, 1 did not end, 1 was never measured.",
      "1 cell still changed at the end: the medians of the last three windows of ten calls lie more than 10 % apart.",
      "  b",
      "1 cell had a client machine that was busy with something else in at least a quarter of the visits.",
      "  b: 1 of 2 visits; late",
      "In local cells client and server share a processor. The client's waiting for it is part of the latency there, and flags no cell.",
    ]);
  });

  it("says how many cells became as precise as asked for, and what is typical, where none did", () => {
    const limits = { precision: 0.02 } as RunManifest["limits"];
    // Medians of two visits, a tenth apart; one cell was visited once.
    const study = studyOf({ ...manifest, limits }, 2, (_, round) => [{ totalMs: 100 + 10 * round }]);
    const [once] = manifest.cells;
    const data = new Map(study.data);
    const first = data.get(once?.id ?? "");
    if (first === undefined) throw new Error("no cell");
    data.set(first.cell, { ...first, visits: first.visits.slice(0, 1), totalsMs: first.totalsMs.slice(0, 1) });
    const end = { reason: "requests" as const, n: 2, precision: null, stable: null };
    const conditions = new Map(manifest.cells.map((c) => condition(c.id, { end })));
    const text = textOf({ conditions, study: { ...study, data } }, { ...manifest, limits });
    expect(text).toContain("How the 6 cells ended: 0 as precise as asked for, 6 at their number of calls.");
    // Logarithms 0.0953 apart: t of one degree of freedom, 12.706, times half of that is a factor of 1.83 each way.
    expect(text).toContain(
      "Asked for: a median known to 2 % (95 % interval). None of 6 measured cells reached that; the typical interval of the median is " +
        "±83 %; nine of ten are within ±83 %; 1 has a single visit and no interval.",
    );
    const none = { ...manifest, limits: { ...manifest.limits, precision: null } };
    const unasked = textOf({ conditions, study: { ...study, manifest: none } }, none);
    expect(unasked).not.toContain("as precise as asked for");
    expect(unasked).toContain(
      "No precision was asked for. Of 6 measured cells the typical interval of the median is ±83 %",
    );
  });

  it("names the cells of an open loop whose server did not keep the rate", () => {
    const summaries = new Map(manifest.cells.map((c) => [c.id, { cell: c.id, n: 30 } as CellSummary]));
    const all = manifest.cells.map((c, i) => condition(c.id, { behind: i === 0 }));
    const text = textOf({ conditions: new Map(all), summaries });
    expect(text).toContain("1 cell could not keep the rate that was asked for");
    expect(text).toContain(`  ${manifest.cells[0]?.id ?? ""}\n`);
  });

  it("shows failed cells with their reason, and counts those that a terminal has no room for", () => {
    const [first] = manifest.cells;
    const cells = Array.from({ length: 10 }, (_, i) => ({ ...first, id: `cell ${i}` })) as typeof manifest.cells;
    const failure = { code: "UNAVAILABLE", message: "connection\nrefused" };
    const summaries = new Map(cells.map((c) => [c.id, { cell: c.id, n: 0, failure } as CellSummary]));
    const blocks = failedCells({ ...reportInputs(manifest, { summaries }), cells });
    const text = renderText([{ id: "c", title: "Ends", short: "", blocks }]);
    expect(text).toContain("Failed: 10 of 10 cells");
    expect(text).toMatch(/cell 0 +UNAVAILABLE +connection refused/);
    expect(text).not.toContain("cell 8");
    expect(text).toContain("and 2 more: report.html, report.csv");
  });

  it("has nothing to say of a run of before ends were kept", () => {
    expect(textOf({ conditions: new Map() })).toBe("");
  });
});
