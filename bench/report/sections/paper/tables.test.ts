import { describe, expect, it } from "vitest";
import { type Cell, cellId } from "../../../matrix/cell.ts";
import { COMBINATIONS, EXPERIMENTS } from "../../../paper/published.ts";
import { type CellSummary, summarise } from "../../../stats/summary.ts";
import { callRecord, dataOf, manifestOf } from "../../../testing/studies.ts";
import { reportInputs } from "../../index.ts";
import { renderText, tableText } from "../../render/text.ts";
import { entryOf, formatMs, paperTable, paperTableBlock, phasesSection } from "./tables.ts";

function cell(clientMachine: string, server: string, model: string, client: string, image: string): Cell {
  const c = { clientMachine, server, model, client, image };
  return { id: cellId(c), ...c, protocol: client === "rest" ? "rest" : "grpc", input: "pixels" };
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
    phaseMeansMs: { lateMs: null, encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
    requestBytes: 1,
    failedCalls: 0,
    failures: 0,
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

  it("say how sure a number of ours is, where visits tell, and of how many calls it is", () => {
    const data = new Map([
      [
        local[0].id,
        dataOf(local[0].id, [
          [9, 10],
          [10, 11],
        ]),
      ],
      [local[1].id, dataOf(local[1].id, [[19], [21], [20]])],
    ]);
    const base = manifestOf({ placements: [], images: [] });
    const study = { manifest: { ...base, cells }, data, images: [] };
    const paper = paperTable(table1, "probe", { cells, summaries, paperModels, study });
    const ours = paper.rows.find((r) => r.role === "edge")?.entries[2]?.ours;
    expect(ours).toMatchObject({ visits: 5, interval: { low: expect.closeTo(12.7, 0) as number } });
    const text = tableText(paperTableBlock(paper));
    expect(text).toMatch(/95 % interval +\d+\.\d to \d+\.\d/);
    expect(text).toMatch(/calls \(visits\) +33 \(5\)/);
    // A cell visited once that nothing bears out could be anything.
    const once = { ...study, data: new Map([...data, [local[1].id, dataOf(local[1].id, [[900]])]]) };
    expect(entryOf(local, summaries, once)).toMatchObject({ interval: null, visits: 3 });
    expect(edge(table2)?.entries[2]?.ours).toMatchObject({ interval: null });
    expect(tableText(paperTableBlock(paperTable(table2, "probe", { cells, summaries, paperModels })))).toMatch(
      /interval +–/,
    );
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
    const text = tableText(paperTableBlock(paperTable(table1, "probe", { cells, summaries: failed, paperModels })));
    expect(text).toMatch(/edge .*failed \[1\] +24\.4/);
    failed.set(remote.id, summary(remote, 0, 1, { code: "UNAVAILABLE", message: "connection refused" }));
    const both = tableText(
      paperTableBlock(paperTable({ ...table1, place: "remote" }, "probe", { cells, summaries: failed, paperModels })),
    );
    expect(both).not.toContain("[2]");
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

describe("the table of phases", () => {
  const images = ["image-1", "image-2", "image-3"];
  const plain = images.map((i) => cell("client", "edge", "ssd-mobilenet", "probe", i));
  const textOf = async (cells: readonly Cell[], summaries: ReadonlyMap<string, CellSummary>) => {
    const manifest = { ...manifestOf({ placements: [], images: [] }), cells: [...cells] };
    const blocks = await phasesSection.blocks(reportInputs(manifest, { summaries }));
    return renderText([{ id: "p", title: "Phases", short: "", blocks }]);
  };

  it("never averages cells of different loads, and shows the load", async () => {
    const loaded = plain.flatMap((c) => [
      { ...c, id: `${c.id} x4`, concurrency: 4 },
      { ...c, id: `${c.id} 10/s`, ratePerSecond: 10 },
    ]);
    const cells = [...plain, ...loaded];
    const ms = (c: Cell) => (c.concurrency !== undefined ? 400 : c.ratePerSecond !== undefined ? 200 : 100);
    const text = await textOf(cells, new Map(cells.map((c) => [c.id, summary(c, ms(c))])));
    expect(text).toMatch(/gRPC \(probe\) +one by one +3 +100 +100/);
    expect(text).toMatch(/gRPC \(probe\) +x4 +3 +400 +400/);
    expect(text).toMatch(/gRPC \(probe\) +10\/s +3 +200 +200/);
  });

  it("show what a call of an open loop waited before it began, so that the parts come to the mean", async () => {
    const [a] = plain as [Cell];
    const open = { ...a, id: `${a.id} 10/s`, ratePerSecond: 10 };
    const parts = { lateMs: 300, encodeMs: 1, sendMs: 2, waitMs: 40, receiveMs: 3, decodeMs: 4 };
    const calls = [-1, 1].map((sign) => {
      const own = { ...parts, lateMs: 300 + 100 * sign };
      return callRecord(open.id, 0, 350 + 100 * sign, own);
    });
    const text = await textOf([a, open], await summarise([callRecord(a.id, 0, 50), ...calls]));
    expect(text).toMatch(/10\/s +1 +350 +350 +300 +1\.00 +2\.00 +40\.0 +3\.00 +4\.00 +2/);
    expect(text).toMatch(/one by one +1 +50\.0 +50\.0 +– /);
    expect(text).toContain("Queued:");
    expect(await textOf([a], await summarise([callRecord(a.id, 0, 50)]))).not.toContain("queued");
  });

  it("says over how many images a mean is where some failed or were not reached, the failed ones' calls left out", async () => {
    const [a, b] = plain as [Cell, Cell];
    const failure = { code: "UNAVAILABLE", message: "gone" };
    const some = new Map([
      [a.id, summary(a, 100)],
      [b.id, summary(b, 900, 5, failure)],
    ]);
    expect(await textOf(plain, some)).toMatch(/1 of 3: 1 failed, 1 not measured +100 +100/);
    expect(await textOf(plain, some)).not.toContain("load");
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
