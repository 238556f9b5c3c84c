import { expect, test } from "vitest";
import { callsFor } from "../matrix/experiments/threshold.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { carries } from "../stats/math/quantile.ts";
import { cellsOf } from "../testing/cells.ts";
import { thresholdNotes } from "./threshold-notes.ts";

const cells = cellsOf({
  placements: [["client", "edge"]],
  models: ["ssd"],
  clients: ["probe"],
  images: ["image-1", "image-2"],
}).map((c) => ({ ...c, experiments: ["ci"] }));
const notes = (thresholds: string[], requests: number) =>
  thresholdNotes([{ name: "ci", limits: {}, thresholds }], cells, { ...DEFAULT_LIMITS, requests });

test("a plan says which percentiles its calls could never carry, photographs taken together", () => {
  expect(notes(["p95 < 80 ms", "ratio to last run < 1.05"], 36)).toEqual([]);
  expect(notes(["p95 < 80 ms", "p99 < 1 s"], 35)).toEqual([
    expect.stringMatching(/^experiment ci: threshold p95 < 80 ms needs 72 calls, and at most 70 are planned/) as string,
    expect.stringMatching(/p99 < 1 s needs 368 calls/) as string,
  ]);
});

test("as many calls as a percentile takes carry it, and one less does not", () => {
  for (const q of [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999])
    expect([carries(callsFor(q), q), carries(callsFor(q) - 1, q)]).toEqual([true, false]);
});
