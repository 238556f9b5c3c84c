import { describe, expect, it } from "vitest";
import { COMBINATIONS, EXPERIMENTS } from "../../../paper/published.ts";
import { AXES } from "../../../matrix/axes.ts";
import { cellOf, summaryOf as summary } from "../../../testing/cells.ts";
import { dataOf, manifestOf } from "../../../testing/studies.ts";
import { tableText } from "../../render/text.ts";
import { entryOf, paperTable, paperTableBlock } from "./tables.ts";

const EDGE = ["edge", "edge"] as const;

const [table1, table2] = EXPERIMENTS;
if (table1 === undefined || table2 === undefined) throw new Error("the paper has three experiments");
const manifest = manifestOf({ placements: [EDGE], images: [] });

describe("the paper's tables", () => {
  const local = [
    cellOf(EDGE, "ssd-mobilenet", "probe", "image-1"),
    cellOf(EDGE, "ssd-mobilenet", "probe", "image-2"),
  ] as const;
  const remote = cellOf(["client", "edge"], "ssd-mobilenet", "probe", "image-2");
  const cells = [...local, remote];
  const summaries = new Map([
    [local[0].id, summary(local[0], 10, 30)],
    [local[1].id, summary(local[1], 20, 3)],
    [remote.id, summary(remote, 40)],
  ]);
  const edge = (experiment: typeof table1) =>
    paperTable(experiment, "probe", { manifest, cells, summaries }).rows.find((r) => r.server === "edge");

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
    const study = { manifest: { ...manifest, cells }, data, images: [], axes: AXES };
    const paper = paperTable(table1, "probe", { manifest, cells, summaries, study });
    const ours = paper.rows.find((r) => r.server === "edge")?.entries[2]?.ours;
    expect(ours).toMatchObject({ visits: 5, interval: { low: expect.closeTo(12.7, 0) as number } });
    const text = tableText(paperTableBlock(paper));
    expect(text).toMatch(/95 % interval +\d+\.\d to \d+\.\d/);
    // A cell visited once that nothing bears out could be anything.
    const once = { ...study, data: new Map([...data, [local[1].id, dataOf(local[1].id, [[900]])]]) };
    expect(entryOf(local, summaries, once)).toMatchObject({ interval: null, visits: 3 });
    expect(edge(table2)?.entries[2]?.ours).toMatchObject({ interval: null });
    // A row of dashes says nothing.
    expect(tableText(paperTableBlock(paperTable(table2, "probe", { manifest, cells, summaries })))).not.toContain(
      "interval",
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

  it("have no machine and no combination of which this run measured nothing", () => {
    const text = tableText(paperTableBlock(paperTable(table1, "probe", { manifest, cells, summaries })));
    expect(text).toMatch(/edge +15\.0 +24\.4/);
    expect(text).not.toMatch(/R-FCN|REST|cloud|client +–/);
  });

  it("show a failed cell as failed, with its reason below the table", () => {
    const failed = new Map(summaries);
    failed.set(local[0].id, summary(local[0], 10, 1, { code: "UNAVAILABLE", message: "connection refused" }));
    const text = tableText(paperTableBlock(paperTable(table1, "probe", { cells, summaries: failed, manifest })));
    expect(text).toMatch(/edge .*failed \[1\] +24\.4/);
    failed.set(remote.id, summary(remote, 0, 1, { code: "UNAVAILABLE", message: "connection refused" }));
    const both = tableText(
      paperTableBlock(paperTable({ ...table1, calls: "remote" }, "probe", { cells, summaries: failed, manifest })),
    );
    expect(both).not.toContain("[2]");
    expect(text).toContain(`[1] ${local[0].id}: UNAVAILABLE: connection refused`);
  });

  it("have a number of the paper for each of the four combinations on each of its machines", () => {
    for (const experiment of EXPERIMENTS) {
      const rows = paperTable(experiment, "probe", { cells: [], summaries: new Map(), manifest }).rows;
      expect(rows.map((r) => r.server)).toEqual(["client", "cloud", "edge"]);
      for (const row of rows) {
        expect(row.entries).toHaveLength(COMBINATIONS.length);
        for (const entry of row.entries) expect(entry.paperMs).toBeGreaterThan(0);
      }
    }
  });

  it("keep a machine that the paper does not have, without a number of the paper", () => {
    const own = cellOf(["jetson", "jetson"], "ssd-mobilenet", "probe", "image-1");
    const table = paperTable(table1, "probe", {
      cells: [own],
      summaries: new Map([[own.id, summary(own, 5)]]),
      manifest,
    });
    const row = table.rows.find((r) => r.server === "jetson");
    expect(row?.entries[2]).toMatchObject({ ours: { kind: "measured", meanMs: 5 } });
    expect(row?.entries[2]?.paperMs).toBeUndefined();
  });
});

describe("an entry over several cells", () => {
  const a = cellOf(EDGE, "ssd-mobilenet", "probe", "image-1");
  const b = cellOf(EDGE, "ssd-mobilenet", "probe", "image-2");

  it("is absent while one of its cells has no call yet", () => {
    expect(entryOf([a, b], new Map([[a.id, summary(a, 1)]]))).toEqual({ kind: "absent" });
  });
});
