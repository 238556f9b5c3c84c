import { describe, expect, it } from "vitest";
import type { Load } from "../../loads/load.ts";
import { PLAIN_LOAD } from "../../loads/registry.ts";
import { AXES, cellId } from "../../matrix/axes.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { JournalRecord } from "../../records/records.ts";
import { partLoads } from "../../stats/load/untold.ts";
import { random } from "../../stats/math/random.ts";
import { effectsUnderLoad } from "../../stats/run-effects.ts";
import type { Study } from "../../stats/study.ts";
import { gatherCells } from "../../stats/gather.ts";
import { judgeThresholds } from "../../thresholds/judge.ts";
import { callRecord } from "../../testing/calls.ts";
import { manifestOf } from "../../testing/studies.ts";
import { cellsCsv } from "../csv.ts";
import { findingOf } from "../finding.ts";
import { reportInputs, reportJson, reportText } from "../index.ts";
import { neverReached } from "../section.ts";

const base = manifestOf({
  placements: [["client", "edge"]],
  models: ["ssd", "null"],
  clients: ["probe", "rest"],
  images: [1, 2, 3].map((i) => ({ name: `image-${i}`, fileBytes: 1000 * i })),
});
const at = "2026-01-01T00:00:00.000Z";
const client = {
  ...{ spanMs: 20_000, loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0, ownWorkMs: 0 },
  ...{ gcPauses: 0, gcMs: 0, gcMaxMs: 0, cpuMs: 2000, spunMs: 0 },
};

/** How a cell of a made-up run went. */
interface Went {
  readonly ms: number;
  readonly lagMs?: number;
  readonly backlogCalls?: number;
}

/** A run of some loads: five visits of 200 calls that come at random, ten a second; REST takes 1.5 times as long. */
async function run(
  loads: readonly Load[],
  went: (load: Load) => Went,
  thresholds: readonly string[] = [],
): Promise<Study> {
  const cells = base.cells.flatMap((c) =>
    loads.map((load): Cell => {
      const own = { ...c, load, experiments: ["loads"] };
      return { ...own, id: cellId(own) };
    }),
  );
  const matrix = {
    file: "bench.yaml",
    experiments: [{ name: "loads", slo: "p99 < 100 ms", thresholds: [...thresholds] }],
    notes: [],
  };
  const manifest = { ...base, cells, matrix };
  const stream = random(9);
  const records = cells.flatMap((cell) => {
    const { ms, lagMs = 0, backlogCalls } = went(cell.load);
    const factor = (cell.client === "rest" ? 1.5 : 1) * (cell.model === "null" ? 0.1 : 1);
    return [0, 1, 2, 3, 4].flatMap((round): JournalRecord[] => {
      let dueMs = 0;
      const calls = Array.from({ length: 200 }, () => {
        dueMs -= 100 * Math.log1p(-stream.uniform());
        const totalMs = lagMs + ms * factor * Math.exp(0.1 * stream.normal());
        return callRecord(cell.id, round, totalMs, { beginMs: dueMs + lagMs, lateMs: lagMs, lagMs });
      });
      const more = backlogCalls === undefined ? {} : { backlogCalls };
      return [
        ...calls,
        {
          type: "visit",
          cell: cell.id,
          round,
          at,
          warmup: { calls: 1, ended: "calls" },
          client,
          disturbed: [],
          ...more,
        },
      ];
    });
  });
  const gathered = await gatherCells(records, new Set(cells.filter((c) => c.load !== PLAIN_LOAD).map((c) => c.id)));
  return { manifest, ...partLoads(manifest, gathered), images: [], axes: AXES };
}

const poisson: Load = { mode: "poisson", ratePerSecond: 10, concurrency: 8 };
const ramp: Load = { mode: "ramp", fromPerSecond: 1, toPerSecond: 19, seconds: 20, concurrency: 8 };
const server: Load = { mode: "loadgen-server", targetQps: 10, targetLatencyMs: 100, concurrency: 8 };
const offline: Load = { mode: "loadgen-offline", samples: 200, concurrency: 8 };
const inputsOf = (study: Study) => reportInputs(study.manifest, { study });

describe("cells under load", () => {
  it("tell throughput, goodput and percentiles with intervals, beside calls one at a time", async () => {
    const study = await run([PLAIN_LOAD, poisson], ({ mode }) => ({ ms: mode === "poisson" ? 60 : 50 }));
    const { loads } = findingOf(inputsOf(study));
    const rest = loads.find((g) => g.model === "ssd" && g.protocol.startsWith("REST"));
    expect(rest).toMatchObject({ askedPerSecond: 10, behind: false, p99Ms: expect.any(Number) as number });
    expect(rest?.p50Ms).toBeCloseTo(90, -1);
    expect(rest?.intervals?.p99Ms?.low).toBeLessThan(rest?.p99Ms ?? NaN);
    expect(rest?.figures?.over?.ratio).toBeCloseTo(1.2, 1);
    // 90 ms on average, and a bound of 100: most are in time, some are not.
    const share = rest?.figures?.withinShare ?? NaN;
    expect([share > 0.75, share < 0.95]).toEqual([true, true]);
    expect(rest?.figures?.goodPerSecond).toBeCloseTo(share * (rest?.achievedPerSecond ?? NaN), 6);
  });

  it("have effects of their own, beside those of calls one at a time; one that cannot be told is in none", async () => {
    const study = await run([PLAIN_LOAD, poisson, ramp], ({ mode }) => ({ ms: mode === "poisson" ? 60 : 50 }));
    const found = effectsUnderLoad(study);
    expect(found.map((f) => f.load)).toEqual(["x8 Poisson 10/s"]);
    const [protocol] = found[0]?.effects.rows.filter((r) => r.factor === "client" && r.at === null) ?? [];
    expect(protocol?.ratio).toBeCloseTo(1.5, 1);
    expect(protocol?.interval?.low).toBeGreaterThan(1.4);
    const text = await reportText(inputsOf(study));
    expect(text).toContain("Under the load x8 Poisson 10/s: how many times as long");
    expect(text).toContain("x8 ramp 1 to 19/s in 20 s: the rate changes all the time.");
  });

  it("of a server that fell behind tell throughput, goodput and drift, and a percentile nowhere", async () => {
    const study = await run([poisson], () => ({ ms: 500, backlogCalls: 60 }), ["p95 < 10 s", "p95 < 100 ms"]);
    const inputs = inputsOf(study);
    const { loads, where, title } = findingOf(inputs);
    for (const g of loads) {
      expect(g).toMatchObject({ behind: true, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null, calls: 3000 });
      expect(g.figures?.perSecond).toBeGreaterThan(5);
      expect(g.figures?.driftMsPerSecond).not.toBeNull();
    }
    expect(title).toContain("falls behind at 10 calls/s already");
    expect([where.measured, where.missing]).toEqual([study.manifest.cells.length, 0]);
    const [head = "", ...rows] = cellsCsv(inputs).split("\r\n");
    const columns = head.split(",");
    for (const row of rows.filter(Boolean)) {
      const value = (key: string) => row.split(",")[columns.indexOf(key)];
      expect([value("outcome"), value("median_ms"), value("max_ms"), value("calls")]).toEqual([
        "behind",
        "",
        "",
        "1000",
      ]);
    }
    const { statistics, untold } = (await reportJson(inputs)) as { statistics: unknown[]; untold: object };
    expect([statistics, Object.keys(untold).length]).toEqual([[], study.manifest.cells.length]);
    // Calls that are slow already break a limit; that others are not slow yet shows nothing.
    const ssd = judgeThresholds(study, undefined).filter((r) => r.about.includes("ssd"));
    expect(ssd.map((r) => [r.threshold, r.outcome, r.measured])).toEqual([
      ...["p95 < 10 s", "p95 < 10 s"].map((t) => [t, "inconclusive", null]),
      ...["p95 < 100 ms", "p95 < 100 ms"].map((t) => [t, "broken", null]),
    ]);
  });

  it("of a bad generator are invalid: why is said, and nothing that they measured", async () => {
    const study = await run([PLAIN_LOAD, poisson], () => ({ ms: 60, lagMs: 7 }), ["p95 < 1 s"]);
    const inputs = inputsOf(study);
    expect(neverReached(inputs)).toEqual([]);
    const { loads, caveats } = findingOf(inputs);
    for (const g of loads) expect(g).toMatchObject({ calls: 0, achievedPerSecond: null, untold: { kind: "invalid" } });
    expect(caveats.map((c) => c.short)).toContain("12 cells invalid");
    const text = await reportText(inputs);
    // Which row a reason is of: four rows are of this load.
    for (const row of ["gRPC, ssd", "REST, ssd", "gRPC, null", "REST, null"])
      expect(text).toContain(
        `Invalid, so nothing is reported: ${row}, Poisson 10/s: the client let calls wait: 7.00 ms (p99), more than 1 %`,
      );
    expect(text).not.toContain("NaN");
    const results = judgeThresholds(study, undefined);
    expect(new Set(results.map((r) => r.outcome))).toEqual(new Set(["holds", "inconclusive"]));
  });

  it("that are LoadGen's scenarios say what LoadGen would report, and that it is no result of MLPerf", async () => {
    const study = await run([server, offline], () => ({ ms: 60 }));
    const text = await reportText(inputsOf(study));
    expect(text).toMatch(
      /LoadGen-style server 10\/s, 100 ms .*Server .*passes: p99 ≤ 100 ms .*of 3000 queries were later/,
    );
    expect(text).toMatch(/p99 ≤ 100 ms is not shown .*it takes \d+ more, all in time/);
    expect(text).toMatch(/Offline .*samples\/s .*MLPerf asks for 24576 samples; there are 3000/);
    expect(text).toContain("These are not results of MLPerf");
  });
});
