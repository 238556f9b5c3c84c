import { describe, expect, it } from "vitest";
import type { Cell } from "../matrix/cell.ts";
import type { RunManifest } from "../records/manifest.ts";
import { random } from "../stats/math/random.ts";
import { manifestOf, studyOf } from "../testing/studies.ts";
import { judgeThresholds } from "./judge.ts";
import { thresholdsCode, worseCode } from "./result.ts";

const images = [1, 2, 3].map((i) => ({ name: `image-${i}`, fileBytes: 1000 * i }));

/** A run of two machines whose every cell is of the experiment `ci`. */
function manifest(thresholds: readonly string[], id = "now"): RunManifest {
  const base = manifestOf({
    placements: [
      ["client", "edge"],
      ["client", "cloud"],
    ],
    models: ["ssd"],
    clients: ["probe"],
    images,
  });
  return {
    ...base,
    id,
    cells: base.cells.map((c) => ({ ...c, experiments: ["ci"] })),
    matrix: { file: "bench.yaml", experiments: [{ name: "ci", thresholds: [...thresholds] }], notes: [] },
  };
}

const MS: Readonly<Record<string, number>> = { edge: 60, cloud: 30 };

function study(of: RunManifest, { rounds = 6, calls = 10, factor = 1, seed = 3 } = {}) {
  const stream = random(seed);
  const call = (cell: Cell) => ({ totalMs: factor * (MS[cell.server] ?? 1) * Math.exp(0.03 * stream.normal()) });
  return studyOf(of, rounds, (cell) => Array.from({ length: calls }, () => call(cell)));
}

const outcomes = (thresholds: readonly string[], options = {}, last?: ReturnType<typeof study>) =>
  judgeThresholds(study(manifest(thresholds), options), last).map((r) => [r.about.split(",")[0], r.outcome]);

describe("a percentile's threshold", () => {
  it("holds or is broken, place by place, with what was measured", () => {
    const results = judgeThresholds(study(manifest(["p95 < 45 ms"])), undefined);
    expect(results.map((r) => [r.about, r.outcome, r.calls])).toEqual([
      ["client → edge, probe, ssd", "broken", 180],
      ["client → cloud, probe, ssd", "holds", 180],
    ]);
    expect(results[0]?.measured).toBeGreaterThan(55);
    expect(results[0]?.why).toMatch(/^p95 is 6\d\.\d ms; 100\.0 % of 180 calls took 45\.0 ms or more$/);
  });

  it("is inconclusive where the limit lies among the calls, and so is one too near to them", () => {
    expect(outcomes(["median < 60 ms"])).toContainEqual(["client → edge", "inconclusive"]);
  });

  it("is refused where the calls do not carry the percentile, and where the rounds are too few", () => {
    const [few] = judgeThresholds(study(manifest(["p99 < 45 ms"])), undefined);
    expect(few).toMatchObject({ outcome: "inconclusive", measured: null, why: "180 calls; a p99 takes 368" });
    const [short] = judgeThresholds(study(manifest(["p95 < 45 ms"]), { rounds: 2, calls: 50 }), undefined);
    expect(short).toMatchObject({ outcome: "inconclusive", why: "2 rounds; a percentile takes 3" });
  });

  it("is inconclusive where a cell of the place was never measured", () => {
    const whole = study(manifest(["p95 < 500 ms"]));
    const [first] = whole.manifest.cells;
    const data = new Map([...whole.data].filter(([id]) => id !== first?.id));
    const [edge] = judgeThresholds({ ...whole, data }, undefined);
    expect(edge).toMatchObject({ outcome: "inconclusive", why: "1 of 3 cells not measured" });
  });

  it("is broken where a cell failed, whatever the others say", () => {
    const whole = study(manifest(["p95 < 500 ms"]));
    const [first] = whole.manifest.cells;
    const dead = new Map(
      [...whole.data].map(([id, d]) => [
        id,
        id === first?.id ? { ...d, failure: { code: "UNAVAILABLE", message: "x" } } : d,
      ]),
    );
    const [edge] = judgeThresholds({ ...whole, data: dead }, undefined);
    expect(edge).toMatchObject({ outcome: "broken", why: "1 cell of 3 failed: UNAVAILABLE" });
  });

  it("is inconclusive where nothing was measured", () => {
    const none = { ...study(manifest(["p95 < 45 ms"])), data: new Map() };
    expect(judgeThresholds(none, undefined).map((r) => r.outcome)).toEqual(["inconclusive", "inconclusive"]);
  });
});

describe("a ratio to the last run", () => {
  const last = study(manifest([], "before"), { seed: 11 });

  it("holds where the run is as fast, and is broken where it is surely slower", () => {
    expect(outcomes(["ratio to last run < 1.2"], {}, last).map(([, o]) => o)).toEqual(["holds", "holds"]);
    expect(outcomes(["ratio to last run < 1.05"], { factor: 1.4 }, last).map(([, o]) => o)).toEqual([
      "broken",
      "broken",
    ]);
  });

  it("is inconclusive without a last run, or with one that has none of these cells", () => {
    expect(outcomes(["ratio to last run < 1.05"])).toEqual([["all cells", "inconclusive"]]);
    const other = { ...last, data: new Map() };
    expect(outcomes(["ratio to last run < 1.05"], {}, other)).toEqual([["all cells", "inconclusive"]]);
  });
});

describe("a ratio to a last run whose links of the same name add something else", () => {
  const limit = "ratio to last run < 1.1";
  const far = (rttMs: number, id: string, most = Infinity) => {
    const own = manifest([limit], id);
    const link = { name: "far", rttMs, mbit: null, loss: 0, jitterMs: 0 };
    return { ...own, cells: own.cells.map((c, i) => (i < most ? { ...c, link } : c)) };
  };

  it("leaves these cells out, and says so", () => {
    const results = judgeThresholds(study(far(20, "now", 1)), study(far(80, "last", 1)));
    expect(results.map((r) => [r.about.split(",")[0], r.outcome])).toContainEqual(["1 cell", "inconclusive"]);
    expect(results[0]?.why).toBe("had another photograph, trace or link in run last");
    const [none] = judgeThresholds(study(far(20, "now")), study(far(80, "last")));
    expect(none?.why).toBe("every cell that run last also measured had another photograph, trace or link there");
  });
});

describe("the exit code of thresholds", () => {
  it("is 1 where one is broken, else 3 where one is inconclusive; a failure goes before what is inconclusive", () => {
    const of = (...list: ("holds" | "broken" | "inconclusive")[]) =>
      thresholdsCode(list.map((outcome) => ({ outcome })));
    expect([of(), of("holds"), of("holds", "inconclusive"), of("inconclusive", "broken")]).toEqual([0, 0, 3, 1]);
    expect([worseCode(1, 3), worseCode(3, 1), worseCode(0, 3), worseCode(0, 0)]).toEqual([1, 1, 3, 0]);
  });
});
