import { describe, expect, it } from "vitest";
import { type Cell, cellId } from "../cell.ts";
import { COMBINATIONS, EXPERIMENTS } from "../paper/published.ts";
import type { CellSummary } from "../summary.ts";
import { entryOf, formatMs, formatPaperTable, paperTable } from "./tables.ts";

function cell(clientRole: string, serverRole: string, model: string, clientKind: string, image: string): Cell {
  const c = { clientRole, serverRole, model, clientKind, image };
  return { id: cellId(c), ...c, protocol: clientKind === "rest" ? "rest" : "grpc", input: "pixels" };
}

function summary(c: Cell, meanMs: number, n = 10, failure?: CellSummary["failure"]): CellSummary {
  return {
    cell: c.id,
    n,
    meanMs,
    medianMs: meanMs,
    p90Ms: meanMs,
    minMs: meanMs,
    maxMs: meanMs,
    phaseMeansMs: { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
    requestBytes: 1,
    responseBytes: 1,
    ...(failure === undefined ? {} : { failure }),
  };
}

const [table1, table2] = EXPERIMENTS;
if (table1 === undefined || table2 === undefined) throw new Error("the paper has three experiments");
const paperModels = { "rfcn-resnet101": "rfcn", "ssd-mobilenet": "ssd", null: undefined } as const;

describe("the paper's tables", () => {
  const local = [
    cell("edge", "edge", "ssd-mobilenet", "probe", "image-1"),
    cell("edge", "edge", "ssd-mobilenet", "probe", "image-2"),
  ] as const;
  const remote = cell("client", "edge", "ssd-mobilenet", "probe", "image-2");
  const cells = [...local, remote];
  const summaries = new Map([
    [local[0].id, summary(local[0], 10, 30)],
    [local[1].id, summary(local[1], 20, 3)],
    [remote.id, summary(remote, 40)],
  ]);
  const edge = (experiment: typeof table1) =>
    paperTable(experiment, "probe", { cells, summaries, paperModels }).rows.find((r) => r.role === "edge");

  it("average images, not calls, and stand beside the paper's own number", () => {
    expect(edge(table1)?.entries[2]).toMatchObject({
      ours: { kind: "measured", meanMs: 15, n: 33, cells: 2 },
      paperMs: 24.4399,
    });
  });

  it("take remote rows from the client machine's requests alone, for the experiment's image", () => {
    expect(edge(table2)?.entries[2]).toMatchObject({
      ours: { kind: "measured", meanMs: 40, cells: 1 },
      paperMs: 492.5,
    });
  });

  it("leave what was not measured empty", () => {
    expect(edge(table1)?.entries.map((e) => e.ours.kind)).toEqual(["absent", "absent", "measured", "absent"]);
  });

  it("show a failed cell as failed, with its reason below the table", () => {
    const failed = new Map(summaries);
    failed.set(local[0].id, summary(local[0], 10, 1, { code: "UNAVAILABLE", message: "connection refused" }));
    const text = formatPaperTable(paperTable(table1, "probe", { cells, summaries: failed, paperModels }));
    expect(text).toMatch(/edge .*failed \[1\] +24\.4/);
    expect(text).toContain(`[1] ${local[0].id}: UNAVAILABLE: connection refused`);
  });

  it("have a number of the paper for each of the four combinations on each of its machines", () => {
    for (const experiment of EXPERIMENTS) {
      const rows = paperTable(experiment, "probe", { cells: [], summaries: new Map(), paperModels }).rows;
      expect(rows.map((r) => r.role)).toEqual(["client", "cloud", "edge"]);
      for (const row of rows) {
        expect(row.entries).toHaveLength(COMBINATIONS.length);
        for (const entry of row.entries) expect(entry.paperMs).toBeGreaterThan(0);
      }
    }
  });

  it("keep a machine that the paper does not have, without a number of the paper", () => {
    const own = cell("jetson", "jetson", "ssd-mobilenet", "probe", "image-1");
    const table = paperTable(table1, "probe", {
      cells: [own],
      summaries: new Map([[own.id, summary(own, 5)]]),
      paperModels,
    });
    const row = table.rows.find((r) => r.role === "jetson");
    expect(row?.entries[2]).toMatchObject({ ours: { kind: "measured", meanMs: 5 } });
    expect(row?.entries[2]?.paperMs).toBeUndefined();
  });
});

describe("an entry over several cells", () => {
  const a = cell("edge", "edge", "ssd-mobilenet", "probe", "image-1");
  const b = cell("edge", "edge", "ssd-mobilenet", "probe", "image-2");

  it("is absent while one of its cells has no call yet", () => {
    expect(entryOf([a, b], new Map([[a.id, summary(a, 1)]]))).toEqual({ kind: "absent" });
  });

  it("formats milliseconds with the digits that carry meaning", () => {
    expect([1234.56, 56.78, 1.234, NaN].map(formatMs)).toEqual(["1235", "56.8", "1.23", "–"]);
  });
});
