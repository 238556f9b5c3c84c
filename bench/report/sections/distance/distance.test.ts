import { describe, expect, it } from "vitest";
import { LINKS, distanceStudy } from "../../../testing/distance.ts";
import { manifestOf, studyOf } from "../../../testing/studies.ts";
import { reportInputs } from "../../index.ts";
import type { Block, Figure, Table } from "../../blocks.ts";
import { renderText } from "../../render/text.ts";
import { cellsSection } from "../cells.ts";
import { distanceSection } from "./distance.ts";

/** Calls that take a tenth more than their floor over the far link. */
const study = distanceStudy((server, model, link) => {
  const own = (model.startsWith("rfcn") ? 1000 : 100) * ({ client: 1, cloud: 0.5, edge: 2 }[server] ?? 1);
  return own + (link?.name === "far" ? 180 : 0);
});
const inputs = reportInputs(study.manifest, { study });
const blocks = distanceSection.blocks(inputs) as readonly Block[];
const flat = (all: readonly Block[]): Block[] =>
  all.flatMap((b) => (b.kind === "only" || b.kind === "fold" ? flat(b.blocks) : [b]));
const tables = flat(blocks).filter((b): b is Table => b.kind === "table");
const figures = flat(blocks).filter((b): b is Figure => b.kind === "figure");
const text = (all: readonly Block[]) => renderText([{ id: "x", title: "x", short: "x", blocks: all }]);

describe("the section on distance", () => {
  it("has a row for each way of calling over each link: measured, floor, how many times, and what bound it", () => {
    const [floors] = tables;
    expect(floors?.rows).toHaveLength(8);
    const row = floors?.rows.find(
      (r) => r.includes("far") && r.includes("client → cloud") && r.includes("ssd-mobilenet"),
    );
    expect(row).toEqual(expect.arrayContaining(["230", "207", "1.11", "round trip", "warm"]));
    expect(text(blocks)).toContain("far: +80 ms, 100 Mbit/s");
    // No floor takes longer than what was measured.
    expect(text(blocks)).toMatch(/Calls took 1\.0\d to 1\.1\d times the least/);
  });

  it("draws where to serve for each model that computes, and says from which way on remote is slower", () => {
    expect(figures.map((f) => f.title)).toEqual(["The parts of the floor, and what was measured", "Where to serve"]);
    expect(figures[1]?.panels.map((p) => p.title)).toEqual([
      "rfcn-resnet101 (timing only), gRPC",
      "ssd-mobilenet, gRPC",
    ]);
    const where = tables[1]?.rows ?? [];
    expect(where.map((r) => [r[0], r[2]])).toEqual([
      ["rfcn-resnet101 (timing only)", "cloud"],
      ["rfcn-resnet101 (timing only)", "edge"],
      ["ssd-mobilenet", "cloud"],
      ["ssd-mobilenet", "edge"],
    ]);
    expect(where[1]).toContain("never: slower by itself");
    // A request takes what is left of 50 ms: 50 ms of round trip, or 0.92 MB in 50 ms.
    expect(where[2]?.slice(6, 8)).toEqual(["50", "153"]);
  });

  it("says what network explains the paper's numbers, with its interval, and only where the run has the paper's models", () => {
    expect(text(blocks)).toMatch(/23 Mbit\/s to the edge \(95 % interval \d+ to \d+\) and 200 Mbit\/s to the cloud/);
    expect(tables.map((t) => t.caption ?? "").some((c) => c.startsWith("By the paper's own local numbers"))).toBe(true);
    const other = { ...study.manifest, servers: study.manifest.servers.map((s) => ({ ...s, models: [] })) };
    const without = distanceSection.blocks(reportInputs(other, { study: { ...study, manifest: other } }));
    expect(text(without as readonly Block[])).not.toContain("The paper");
  });

  it("puts floor and ratio beside each remote cell of the table of cells, and beside no local one", async () => {
    const shown = flat(await cellsSection.blocks(inputs)).find((b): b is Table => b.kind === "table");
    const titles = shown?.columns.map((c) => c.title) ?? [];
    const at = (title: string) => titles.indexOf(title);
    const rows = shown?.rows.filter((r) => r[at("floor")] !== "") ?? [];
    expect(rows).toHaveLength(8);
    expect(rows.map((r) => r[at("link")]).sort()).toEqual(
      [...LINKS, ...LINKS, ...LINKS, ...LINKS].map((l) => l.name).sort(),
    );
  });

  it("gives programs all of it, and says nothing of a run on one machine", () => {
    const json = distanceSection.json?.(inputs) as { distance: { floors: { ratio: number }[]; where: unknown[] } };
    expect(json.distance.floors).toHaveLength(8);
    expect(json.distance.where).toHaveLength(2);
    const alone = manifestOf({ placements: [["client", "client"]], images: [{ name: "image-1", fileBytes: 1 }] });
    const own = reportInputs(alone, { study: studyOf(alone, 3, () => [{ totalMs: 5 }]) });
    expect(distanceSection.blocks(own)).toEqual([]);
    expect(distanceSection.json?.(own)).toEqual({});
  });
});
