import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cell } from "../../../matrix/cell.ts";
import type { BenchRecord } from "../../../records/records.ts";
import type { Study } from "../../../stats/study.ts";
import { callRecord } from "../../../testing/studies.ts";
import { gatherCells } from "../../../stats/visits.ts";
import { questions } from "../../../stats/choices.ts";
import { cellsCsv } from "../../csv.ts";
import { renderSections, reportInputs, reportText } from "../../index.ts";
import { loadReport } from "../../load.ts";
import { renderPage } from "../../render/page.ts";
import type { ReportInputs } from "../../section.ts";
import { type SampleOptions, writeSampleRun } from "../../../testing/report.ts";

describe("the report of a run's folder", () => {
  let dir: string;
  let inputs: ReportInputs;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "lathe-answer-"));
    inputs = await load("plain", {});
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const load = async (name: string, options: SampleOptions) => {
    await writeSampleRun(join(dir, name), options);
    return loadReport(join(dir, name), () => {});
  };

  it("answers first, says how sure, and what is a stand-in, before any table", async () => {
    const text = await reportText(inputs);
    const order = [
      "Machine, for requests from client: cloud",
      "The fastest: client takes 1.6",
      "Protocol: gRPC (probe)",
      "Model: ssd-mobilenet",
      "time alone is real",
      "How sure: 4396 calls in 299 of 300 cells, each visited 2 to 4 times.",
      "Left out of the comparisons: 1 cell that failed. Disturbed by their own client: 1 cell.",
      "Note: Server on client, cloud, edge: Lathe's stand-in",
      "The fastest machine and protocol for each model",
      "Table 1.",
    ].map((words) => text.indexOf(words));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it("claims nothing where every cell was visited once", async () => {
    const text = await reportText(await load("once", { rounds: 1 }));
    expect(text).toMatch(/The fastest in this run: .* Inconclusive: nothing shows how sure that is\./);
    expect(text).toContain("inconclusive: too few visits");
    expect(text).not.toContain("The fastest: ");
    expect(text).not.toContain("faster than all others");
  });

  it("keeps a failed cell in sight with its reason, and says how cells ended", async () => {
    const text = await reportText(inputs);
    expect(text).toContain("Failed: 1 of 300 cells");
    expect(text).toMatch(/client>edge probe rfcn-resnet101 image-4 +UNAVAILABLE +14 UNAVAILABLE: connect ECONNREFUSED/);
    expect(text).toContain("1 was disturbed by its own client");
    expect(text).toMatch(/Of 300 cells ended .*with a failure/);
  });

  it("says of a run that was cut short what was reached, what never was, and what it cannot answer", async () => {
    const { manifest } = inputs;
    const study = inputs.study as Study;
    const data = new Map([...study.data].filter(([id]) => !id.startsWith("client>") || / probe ssd/.test(id)));
    const text = await reportText(reportInputs(manifest, { study: { ...study, data } }));
    const [cells, missing] = [data.size, manifest.cells.length - data.size];
    expect(text).toContain(`This run is not whole: ${missing} of its 300 cells were never reached.`);
    expect(text).toContain(`in ${cells} of 300 cells, each visited 2 to 4 times; ${missing} never reached`);
    expect(text).toMatch(
      /cannot answer for want of cells: Protocol \(1 of 2 options can be compared\); Model \(1 of 2/,
    );
    expect(text).not.toContain("there is nothing to choose");
    expect(await reportText(inputs)).not.toContain("not whole");
  });

  it("names the second fastest as the next, tied or not", async () => {
    const [, ...lines] =
      (await reportText(inputs)).split("The fastest machine and protocol for each model")[1]?.split("\n") ?? [];
    for (const q of questions(inputs.study as Study).filter((x) => x.model !== undefined)) {
      const server = q.options[1]?.at["placement"]?.split(" → ").at(-1);
      const row = lines.find((line) => line.startsWith(q.model ?? "?"));
      expect(row).toMatch(new RegExp(`${server}, (gRPC \\(probe\\)|REST \\(rest\\)): × 1\\.\\d\\d`));
    }
  });

  it("says on every section of the page that has numbers what is a stand-in", async () => {
    const sections = await renderSections(inputs);
    const page = renderPage(inputs.manifest, sections);
    expect(page.match(/a stand-in serves on client, cloud, edge; timing only: rfcn-resnet101/g)).toHaveLength(
      sections.length - 1,
    );
    expect(page).toContain("ssd-mobilenet");
    expect(new Set(sections.map((s) => s.id)).size).toBe(sections.length);
  });

  it("is made of odd runs too: nothing measured, all failed, the null model alone, one cell, cells under load", async () => {
    const { manifest } = inputs;
    const record = (c: Cell, round = 0) => callRecord(c.id, round, 5);
    const failure = (c: Cell): BenchRecord => ({
      ...{ type: "failure", cell: c.id, round: 0, at: "2026-01-01T00:00:00.000Z" },
      error: { code: "UNAVAILABLE", message: "refused" },
    });
    const loaded = manifest.cells.map((c) => ({
      ...c,
      id: `${c.id} x4`,
      load: { mode: "closed-loop", concurrency: 4 },
    }));
    const nulls = manifest.cells.filter((c) => c.model === "null");
    const odd: readonly (readonly [readonly Cell[], readonly BenchRecord[]])[] = [
      [manifest.cells, []],
      [manifest.cells, manifest.cells.map(failure)],
      [nulls, nulls.flatMap((c) => [record(c), record(c, 1)])],
      [manifest.cells.slice(0, 1), manifest.cells.slice(0, 1).map((c) => record(c))],
      [loaded, loaded.flatMap((c) => [record(c), record(c, 1)])],
    ];
    for (const [cells, records] of odd) {
      const own = { ...manifest, cells: [...cells] };
      const study = { ...(inputs.study as Study), manifest: own, data: await gatherCells(records) };
      const report = reportInputs(own, { study });
      const page = renderPage(own, await renderSections(report));
      expect(page).toContain("Lathe&#39;s stand-in");
      if (cells !== odd[3]?.[0]) expect(page).toContain("None: no model was measured");
      if (cells === odd[1]?.[0] && records === odd[1]?.[1])
        expect(await reportText(report)).toMatch(
          /^[^]{0,200}All 300 cells failed, with UNAVAILABLE: refused[^]*None: no model/,
        );
      expect(page).not.toMatch(/NaN|undefined|Infinity/);
      expect(cellsCsv(report).split("\r\n")).toHaveLength(cells.length + 2);
    }
  });
});
