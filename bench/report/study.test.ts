import { describe, expect, it } from "vitest";
import { random } from "../stats/random.ts";
import { manifestOf, studyOf } from "../stats/testing.ts";
import { summariesOf } from "../summary.ts";
import { attributionSection } from "./attribution.ts";
import { cellStatistics, distributionsSection } from "./distributions.ts";
import { effectsOf, effectsSection } from "./effects.ts";
import { formatRun, tablesAsJson } from "./index.ts";
import { verdictsSection } from "./verdicts.ts";

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
        const rest = c.clientKind === "rest" ? 20 : 2;
        const network = c.clientRole === c.serverRole ? 0 : 5;
        return { totalMs: 1 + (compute + rest + network) * Math.exp(0.01 * stream.normal()), encodeMs: 1 };
      }),
    { "image-1": 1, "image-2": 4, "image-3": 2, "image-4": 7 },
  );
}

describe("the report of a run", () => {
  it("has every section, verdicts before what they rest on", () => {
    const s = study();
    const whole = { ...s.manifest, readBack: {}, deployments: [] };
    const text = formatRun(whole, summariesOf(s.data), { ...s, manifest: { ...s.manifest } });
    const titles = [
      "Table 1.",
      "The paper's conclusions",
      "What latency depends on",
      "What a request's time is made of",
      "Where the time goes",
      "Latency of every cell",
    ];
    const places = titles.map((title) => text.indexOf(title));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const json = tablesAsJson(whole, summariesOf(s.data), s);
    expect(json.verdicts?.map((v) => v.ours.outcome)).toHaveLength(4);
    expect(JSON.parse(JSON.stringify(json.statistics))).toHaveLength(manifest.cells.length);
    // Bootstrap draws are working matter, not results.
    expect(JSON.stringify(json)).not.toContain('"draws"');
  });

  it("without the calls of a run has the tables alone", () => {
    for (const section of [verdictsSection, effectsSection, attributionSection, distributionsSection])
      expect(section({})).toBe("");
  });

  it("says of effects what they are over, where, and how sure", () => {
    const rows = effectsOf(study())?.rows ?? [];
    const model = rows.find((r) => r.factor === "model" && r.at === null);
    expect(model).toMatchObject({ over: "rfcn-resnet101", under: "ssd-mobilenet" });
    expect(model?.interval?.low).toBeLessThan(model?.ratio ?? 0);
    expect(rows.filter((r) => r.factor === "client" && r.at?.startsWith("model "))).toHaveLength(2);
    expect(effectsSection({ study: study() })).toMatch(
      /rest over probe +model ssd-mobilenet +1\.\d+ +1\.\d+ to 1\.\d+/,
    );
  });

  it("says that there are no intervals where every cell was visited once", () => {
    const text = effectsSection({ study: study(1) });
    expect(text).toContain("each cell was visited once");
    expect(text).toMatch(/rest over probe +all, averaged +\d\.\d+ +–/);
  });

  it("shows p90 for forty calls and no p99, and says why", () => {
    const s = study();
    const data = s.data.get(manifest.cells[0]?.id ?? "");
    if (data === undefined) throw new Error("no cell");
    const statistics = cellStatistics(data, 1);
    expect(statistics).toMatchObject({ n: 40, visits: 4, p99Ms: null });
    expect(statistics.p90Ms).toBeGreaterThan(statistics.medianMs);
    expect(statistics.medianInterval?.method).toBe("t");
    expect(distributionsSection({ study: s })).toMatch(/36 for p90, 368 for p99/);
  });

  it("tells each row of the split whether its parts add up", () => {
    const text = attributionSection({ study: study() });
    expect(text).toMatch(/client → edge +ssd-mobilenet +rest .* (yes|NO)$/m);
    expect(text).toMatch(/parts (add up|do NOT add up)/);
  });

  it("gives each image with its bytes, pixels and objects beside the verdict on them", () => {
    expect(verdictsSection({ study: study() })).toMatch(/image-4 +400 +1000 +7/);
  });
});
