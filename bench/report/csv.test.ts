import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellsCsv } from "./csv.ts";
import { loadReport } from "./load.ts";
import type { ReportInputs } from "./section.ts";
import { HOSTILE, writeSampleRun } from "../testing/report.ts";

/** RFC 4180, as a spreadsheet reads it. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
    if (end === "\r\n") rows.push([]);
    if (end === "") break;
  }
  return rows.slice(0, -1);
}

describe("the cells as CSV", () => {
  let dir: string;
  let inputs: ReportInputs;
  let rows: Record<string, string>[];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "lathe-csv-"));
    await writeSampleRun(dir, { hostile: HOSTILE, rounds: 2 });
    inputs = await loadReport(dir, () => {});
    const [head = [], ...lines] = parse(cellsCsv(inputs).slice(1));
    rows = lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i] ?? ""])));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it("begins with the mark that spreadsheets look for, and has one line a cell", () => {
    expect(
      cellsCsv(inputs).startsWith(
        "\ufeffrun,cell,placement,link,server,server_kind,protocol,client,model,image,load,client_machine,",
      ),
    ).toBe(true);
    expect(rows.map((r) => r["cell"])).toEqual(inputs.manifest.cells.map((c) => c.id));
  });

  it("keeps numbers as they were computed, and leaves empty what is not known", () => {
    const cell = inputs.manifest.cells[0]?.id ?? "";
    expect(Number(rows[0]?.["mean_ms"])).toBe(inputs.summaries.get(cell)?.meanMs);
    expect(rows[0]?.["p99_ms"]).toBe("");
    expect(rows[0]).toMatchObject({ outcome: "measured", server_stand_in: "true", model_timing_only: "true" });
    expect(rows[0]?.["late_ms"]).toBe("");
    // One visit each of the slow model, so no interval; two of the quick ones.
    expect(rows.map((r) => r["precision_asked"])).toEqual(
      rows.map(() => String(inputs.manifest.limits.precision ?? "")),
    );
    const quick = rows.find((r) => r["visits"] === "2");
    const [low, median, high] = ["median_low_ms", "median_ms", "median_high_ms"].map((name) => Number(quick?.[name]));
    expect(Number(quick?.["precision_reached"])).toBe(
      Math.max((high ?? NaN) / (median ?? NaN) - 1, 1 - (low ?? NaN) / (median ?? NaN)),
    );
    const once = rows.filter((r) => r["visits"] === "1").map((r) => r["precision_reached"]);
    expect(once.length).toBeGreaterThan(0);
    expect(new Set(once)).toEqual(new Set([""]));
  });

  it("keeps failed cells with their reason, and text that would be a formula as text", () => {
    const failed = rows.filter((r) => r["outcome"] === "failed");
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ failure: `UNAVAILABLE: ${HOSTILE}`, mean_ms: "", calls: "0", ended: "failed" });
    expect(rows.find((r) => r["model"]?.includes("script"))?.["model"]).toBe(`'${HOSTILE}`);
    for (const row of rows) for (const value of Object.values(row)) expect(value).not.toMatch(/^[=+@]/);
  });

  it("keeps formulas as text where a spreadsheet takes a semicolon for the end of a cell", () => {
    const [cell] = inputs.cells;
    if (cell === undefined) throw new Error("no cell");
    const text = cellsCsv({ ...inputs, cells: [{ ...cell, experiments: ["a;=1+1", "b;@sum", "c\n-2"] }] });
    expect(text).toContain("a;'=1+1 b;'@sum c\n'-2");
  });
});
