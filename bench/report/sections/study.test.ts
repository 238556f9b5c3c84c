import { describe, expect, it } from "vitest";
import { sampleManifest } from "../../testing/sample-run.ts";
import { random } from "../../stats/math/random.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import type { Study } from "../../stats/study.ts";
import { timeSection } from "./time/time.ts";
import { allStatistics } from "../../stats/cell-statistics.ts";
import { cellsSection } from "./cells.ts";
import { effectsOf } from "../../stats/run-effects.ts";
import { effectsSection } from "./effects.ts";
import { reportInputs, reportJson, reportText } from "../index.ts";
import type { ImageInfo } from "../../records/manifest.ts";
import type { CellData } from "../../stats/visits.ts";
import { renderPage } from "../render/page.ts";
import { renderText } from "../render/text.ts";
import type { Section } from "../section.ts";
import { repeatSection } from "./repeat/repeat.ts";
import { verdictsSection } from "./paper/verdicts.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["edge", "edge"],
    ["client", "edge"],
  ],
  images: ["image-1", "image-2", "image-3", "image-4"].map((name, i) => ({ name, fileBytes: 100 * (i + 1) })),
});

function study(rounds = 4) {
  const stream = random(21);
  return studyOf(
    manifest,
    rounds,
    (c) =>
      Array.from({ length: 10 }, () => {
        const compute = c.model === "null" ? 0 : c.model === "ssd-mobilenet" ? 30 : 300;
        const rest = c.client === "rest" ? 20 : 2;
        const network = c.local ? 0 : 5;
        return { totalMs: 1 + (compute + rest + network) * Math.exp(0.01 * stream.normal()), encodeMs: 1 };
      }),
    { "image-1": 1, "image-2": 4, "image-3": 2, "image-4": 7 },
  );
}

async function textOf(section: Section, s: Study): Promise<string> {
  const blocks = await section.blocks(reportInputs(s.manifest, { study: s }));
  return renderText([{ id: section.id, title: section.title, short: "", blocks }]);
}

describe("the report of a run", () => {
  it("that repeats another one says how well the two agree", async () => {
    const [first, second] = [study(4), study(4)];
    const blocks = await repeatSection.blocks(reportInputs(manifest, { study: second, earlier: first }));
    const text = renderText([{ id: "repeat", title: "Two runs", short: "", blocks }]);
    expect(text).toMatch(/repeats run .*\. The \d+ ratios below lie 0\.0 % apart \(median/);
    expect(text).toContain("4 of the paper's 4 conclusions have the same verdict in both runs.");
    expect(text).toContain("The medians of the 48 cells with a model lie 0.0 % apart (median");
    expect(text).toMatch(/REST \(rest\) over gRPC \(probe\) +all, averaged +1\.2\d+ +1\.2\d+ +1\.000/);
    expect(text).toContain("The 8 cells that differ most, of 72");
    expect(await repeatSection.blocks(reportInputs(manifest, { study: second }))).toEqual([]);
    expect(await repeatSection.json?.(reportInputs(manifest, { study: second, earlier: first }))).toMatchObject({
      repeat: { of: "test", cells: { figures: 72, typical: 0, near: 1 }, models: { figures: 48 } },
    });
  });

  it("has every section in its order", async () => {
    const s = study();
    const whole = { ...sampleManifest(), cells: manifest.cells };
    const inputs = { ...reportInputs(whole, { study: s }) };
    const text = await reportText(inputs);
    const titles = [
      "The answer",
      "Latency by place, protocol and model",
      "Where the time goes",
      "What latency depends on",
      "The paper's conclusions",
      "Table 1.",
      "Every cell",
      "The run: machines, failures, provenance",
    ];
    const positions = titles.map((title) => text.indexOf(title));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    const json = await reportJson(inputs);
    expect(json["verdicts"]).toHaveLength(4);
    expect(JSON.parse(JSON.stringify(json["statistics"]))).toHaveLength(manifest.cells.length);
    // Bootstrap draws are working matter, not results.
    expect(JSON.stringify(json)).not.toContain('"draws"');
  });

  it("without the calls of a run has the tables alone", async () => {
    for (const section of [verdictsSection, effectsSection, cellsSection])
      expect(await section.blocks(reportInputs(manifest, {}))).toEqual([]);
  });

  it("says of effects what they are over, where, and how sure", async () => {
    const rows = effectsOf(study())?.rows ?? [];
    const model = rows.find((r) => r.factor === "model" && r.at === null);
    expect(model).toMatchObject({ over: "rfcn-resnet101", under: "ssd-mobilenet" });
    expect(model?.interval?.low).toBeLessThan(model?.ratio ?? 0);
    expect(rows.filter((r) => r.factor === "client" && r.at?.factor === "model")).toHaveLength(2);
    expect(await textOf(effectsSection, study())).toMatch(
      /REST \(rest\) over gRPC \(probe\) +1\.\d+ +1\.\d+ to 1\.\d+ +model ssd-mobilenet +protocol \(client program\)/,
    );
  });

  it("shows how the effects of protocol and model depend on the image, and says what the model has no terms for", async () => {
    const rows = effectsOf(study())?.rows.filter((r) => r.at?.factor === "image") ?? [];
    // Client and model, at each of four images.
    expect(rows).toHaveLength(8);
    expect(rows.every((r) => r.interval !== null && r.interval.low < r.ratio && r.ratio < r.interval.high)).toBe(true);
    const text = await textOf(effectsSection, study());
    expect(text).toMatch(/REST \(rest\) over gRPC \(probe\) +1\.\d+ +1\.\d+ to 1\.\d+ +image-3/);
    expect(text).toMatch(
      /Not in the model: interactions of from → to x image, any three factors\. .*a factor of 1\.\d+/,
    );
    expect(text).not.toContain("not measured: the model predicts");
  });

  it("says that there are no intervals where every cell was visited once", async () => {
    const text = await textOf(effectsSection, study(1));
    expect(text).toContain("each cell was visited once");
    expect(text).toMatch(/REST \(rest\) over gRPC \(probe\) +\d\.\d+ +no interval +all, averaged/);
  });

  it("has no column of quantiles that no cell carries, and says by which noise an interval is", async () => {
    const s = study();
    const [statistics] = allStatistics(s);
    expect(statistics).toMatchObject({ n: 40, visits: 4, p99Ms: null, why: null });
    expect(statistics?.medianInterval?.method).toBe("like");
    expect(await textOf(cellsSection, s)).toMatch(/max +calls/);
    expect(await textOf(cellsSection, s)).not.toContain("p99");
  });

  it("says of each row of the split whether its parts add up", async () => {
    const text = await textOf(timeSection, study());
    expect(text).toMatch(
      /client → edge +REST \(rest\) +ssd-mobilenet +\d+\.\d+ +(yes|no) +-?\d\.\d+ +-?\d\.\d+ to -?\d\.\d+ /,
    );
    // Two models at three placements with two clients; on the server's own machine one of two left-overs follows from the other.
    expect(text).toMatch(/The parts add up to the whole, within 5 % of it, in \d of 8 findings/);
    expect(text).toMatch(/client → client +REST \(rest\) +ssd-mobilenet +\d+\.\d+ +\((yes|no|inconclusive)\) /);
  });

  it("says that the sums are inconclusive where every cell was visited once, and never that they add up", async () => {
    const text = await textOf(timeSection, study(1));
    expect(text).toContain("Whether the parts add up to the whole is inconclusive");
    expect(text).not.toContain("parts add up to the whole, within");
  });

  it("does not ask for a network where the null model answers its own machine more slowly, and says why", async () => {
    const stream = random(3);
    const s = studyOf(manifest, 4, (c) => {
      const home = c.local ? 9 : 0;
      const compute = c.model === "null" ? 0 : 50;
      return Array.from({ length: 10 }, () => ({ totalMs: 40 + home + compute + stream.normal(), encodeMs: 1 }));
    });
    const blocks = await timeSection.blocks(reportInputs(s.manifest, { study: s }));
    const page = renderPage({ title: "t", eyebrow: "e" }, [{ id: "a", title: "A", short: "A", blocks }]);
    expect(page).toMatch(/>none</);
    expect(page).toMatch(
      /Network none: local calls to the null model take [89]\.\d\d( to [89]\.\d\d)? ms longer than remote ones/,
    );
    expect(page).not.toContain("It is below zero if the second one was longer");
  });

  it("names a part below zero, which no stack can show", async () => {
    // The model answers sooner than the null model does.
    const s = studyOf(manifest, 4, (c) =>
      Array.from({ length: 10 }, () => ({ totalMs: c.model === "null" ? 60 : 40, encodeMs: 1 })),
    );
    const blocks = await timeSection.blocks(reportInputs(s.manifest, { study: s }));
    const page = renderPage({ title: "t", eyebrow: "e" }, [{ id: "a", title: "A", short: "A", blocks }]);
    expect(page).toMatch(/Parts below zero are not drawn: client → client/);
  });

  it("lists every cell: the failed with their code, those that were not measured as such, images in the run's order", async () => {
    const s = study();
    const [failed, missing] = manifest.cells;
    if (failed === undefined || missing === undefined) throw new Error("two cells");
    const data = new Map(s.data);
    const failure = { code: "UNAVAILABLE", message: "gone" };
    data.set(failed.id, { ...(data.get(failed.id) as CellData), failure });
    data.delete(missing.id);
    // As a plan may have them, and not by name either.
    const cells = [...manifest.cells].reverse();
    const images = ["image-2", "image-1", "image-4", "image-3"].map((name) => ({ name }) as ImageInfo);
    const text = await textOf(cellsSection, { ...s, data, manifest: { ...manifest, cells, images } });
    const lines = text.split("\n").filter((line) => /image-\d/.test(line));
    expect(lines).toHaveLength(manifest.cells.length);
    expect(lines.filter((line) => line.includes("failed: UNAVAILABLE"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("not measured"))).toHaveLength(1);
    expect(lines.slice(0, 4).map((line) => /image-\d/.exec(line)?.[0])).toEqual(images.map((i) => i.name));
    const json = cellsSection.json?.(reportInputs(manifest, { study: { ...s, data } })) as {
      statistics: object[];
    };
    expect(json.statistics.filter((x) => "failure" in x)).toHaveLength(1);
  });

  it("names an outlier, a cell visited once, at the beginning, and what it would make of a verdict", async () => {
    const s = study(2);
    const outlier = "client>edge rest rfcn-resnet101 image-2";
    const data = [...s.data].map(([id, d]): [string, CellData] => {
      const visit = d.visits[0];
      if (!/ rfcn.* image-[1-3]$/.test(id) || visit === undefined) return [id, d];
      return [id, { ...d, visits: [{ ...visit, medianMs: visit.medianMs * (id === outlier ? 0.2 : 1) }] }];
    });
    const one = { ...s, data: new Map(data) };
    const text = await reportText(reportInputs(manifest, { study: one }));
    expect(text.indexOf("single visit")).toBeLessThan(text.indexOf("Latency by place"));
    expect(text).toMatch(/client>edge rest rfcn-resnet101 image-2 \(0\.2\d? times the prediction\)/);
    expect(text).toContain("an outlier that was visited once");
    expect(text).toMatch(/1 row not judged: each rests on a cell with a single visit/);
    expect(await textOf(verdictsSection, s)).not.toContain("outlier");
  });

  it("gives each image with its bytes, pixels and objects beside the verdict on them", async () => {
    expect(await textOf(verdictsSection, study())).toMatch(/image-4 +400 +1000 +7/);
  });
});
