import { describe, expect, it } from "vitest";
import { parseHTML } from "linkedom";
import type { ModelFinding, PlaceRow } from "../answer/types.ts";
import { cellText } from "../blocks.ts";
import { heatMap, heatMapTable, mappedModels, stepOf } from "./heat.ts";

const row = (place: string, protocol: string, medianMs: number | null, more: Partial<PlaceRow> = {}): PlaceRow => ({
  ...{ levels: {}, place, protocol, medianMs, interval: null, compared: true, best: false, maybeBest: false },
  ...{ measured: medianMs === null ? 0 : 1, failed: 0, planned: 1 },
  ...more,
});
const model = (name: string, rows: readonly PlaceRow[], more: Partial<ModelFinding> = {}): ModelFinding => ({
  ...{ model: name, isNull: false, timingOnly: false, rows },
  ...more,
});

describe("the map of the matrix", () => {
  const ssd = model(
    "ssd",
    [
      row("b → b", "gRPC", 45, { compared: false }),
      row("a → b", "gRPC", 40, { best: true, maybeBest: true }),
      row("a → b", "REST", 80),
      row("a → c", "gRPC", null, { failed: 1, measured: 0 }),
    ],
    { confidence: "high" },
  );
  const other = model(
    "<i>rfcn",
    [row("a → b", "gRPC", 4000, { best: true, maybeBest: true }), row("a → c", "gRPC", 4100, { maybeBest: true })],
    {
      confidence: "inconclusive",
      timingOnly: true,
    },
  );
  const { document } = parseHTML(`<body>${heatMap([ssd, other]).text}</body>`) as {
    document: { querySelectorAll(s: string): { textContent: string; getAttribute(name: string): string | null }[] };
  };
  const texts = (selector: string) =>
    document.querySelectorAll(selector).map((e) => e.textContent.replace(/\s+/g, " ").trim());

  it("has the same places in every model's table, those that are compared first", () => {
    expect(texts("tbody th")).toEqual(["a → b", "a → c", "b → b", "a → b", "a → c", "b → b"]);
    expect(texts("caption")).toEqual(["ssd", "<i>rfcn (timing only)"]);
    expect(document.querySelectorAll("i")).toHaveLength(0);
  });

  it("has each median in its field, says what failed or was not planned, and marks the fastest as certain or as open", () => {
    expect(texts("td")).toEqual(["40.0✓", "80.0", "failed", "–", "45.0", "–", "4000?", "4100?", "–"]);
  });

  it("colours a field by how many times as long it is as the fastest of its own model", () => {
    expect([40, 44, 50, 60, 100, 400].map((ms) => stepOf(ms, 40))).toEqual([0, 0, 1, 2, 3, 4]);
    const classes = document.querySelectorAll("td").map((e) => e.getAttribute("class"));
    expect(classes[0]).toBe("h0 best");
    expect(classes[1]).toBe("h3");
    expect(classes[6]).toBe("h0 best");
  });

  it("is a table of the same numbers for a terminal", () => {
    const t = heatMapTable([ssd, other]);
    expect(t.columns.map((c) => c.title)).toEqual(["from → to", "ssd\ngRPC", "ssd\nREST", "<i>rfcn\ngRPC"]);
    expect(t.rows.map((r) => r.map(cellText))).toEqual([
      ["a → b", "40.0 ✓", "80.0", "4000 ?"],
      ["a → c", "failed", "–", "4100 ?"],
      ["b → b", "45.0", "–", "–"],
    ]);
  });
});

it("the map has no null model of fewer than half of the places, unless there is nothing else", () => {
  const rows = (...places: readonly string[]) => places.map((place) => row(place, "gRPC", 10));
  const ssd = model("ssd", rows("a", "b", "c", "d"));
  const empty = model("null", rows("a", "b"), { isNull: true });
  const large = model("null-large", rows("d"), { isNull: true });
  const rare = model("rare", rows("d"));
  expect(mappedModels([ssd, empty, large, rare])).toEqual([ssd, empty, rare]);
  expect(mappedModels([large])).toEqual([large]);
});
