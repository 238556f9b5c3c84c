import { describe, expect, it } from "vitest";
import type { Load } from "../../loads/load.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { CallRecord, JournalRecord } from "../../records/records.ts";
import { cellOf } from "../../testing/cells.ts";
import { callRecord } from "../../testing/calls.ts";
import { random } from "../math/random.ts";
import { gatherCells } from "../gather.ts";
import { uniformity } from "./arrivals.ts";
import { earlyEstimate, earlyPass, leastWithin } from "./early-stopping.ts";
import { isBehind, loadFigures, queueLength } from "./figures.ts";
import { generatorFaults } from "./generator.ts";
import { loadGenResult } from "./loadgen.ts";
import { partLoads } from "./untold.ts";

const at = "2026-01-01T00:00:00.000Z";
const client = {
  ...{ spanMs: 10_000, loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0, ownWorkMs: 0 },
  ...{ gcPauses: 0, gcMs: 0, gcMaxMs: 0, cpuMs: 2500, spunMs: 500 },
};
const visitOf = (cell: Cell, round: number, more: object = {}): JournalRecord => ({
  ...{ type: "visit", cell: cell.id, round, at, warmup: { calls: 1, ended: "calls" }, client, disturbed: [], ...more },
});
const loadedCell = (load: Load, image = "image-1") => cellOf(["client", "edge"], "ssd", "probe", image, { load });

interface Made {
  readonly dueMs: number;
  readonly ms: number;
  readonly lagMs?: number;
  readonly lateMs?: number;
  readonly query?: number;
  readonly failed?: boolean;
}

/** A cell's records: of each visit its calls, and what its record says besides. */
async function measured(cell: Cell, visits: readonly (readonly Made[])[], more: object = {}) {
  const records = visits.flatMap((calls, round): JournalRecord[] => [
    ...calls.map(({ dueMs, ms, lagMs = 0, lateMs = lagMs, query, failed = false }): CallRecord => {
      const moments = { lateMs, beginMs: dueMs + lateMs, lagMs, ...(query === undefined ? {} : { query }) };
      const error = { ok: false, error: { code: "UNAVAILABLE", message: "" } };
      return callRecord(cell.id, round, ms, { ...moments, ...(failed ? error : {}) });
    }),
    visitOf(cell, round, more),
  ]);
  return gatherCells(records, new Set([cell.id]));
}

const constant = { mode: "constant-rate", ratePerSecond: 10, concurrency: 8 };
const poisson = { mode: "poisson", ratePerSecond: 10, concurrency: 8 };
const even = (n: number, ms: (i: number) => number = () => 20): Made[] =>
  Array.from({ length: n }, (_, i) => ({ dueMs: 100 * i, ms: ms(i) }));

describe("the test of arrivals", () => {
  it("gives p values that are uniform where the gaps are as drawn, and has Anderson and Darling's critical values", () => {
    const stream = random(11);
    const rejected = (n: number, level: number) =>
      Array.from({ length: 2000 }, () => uniformity(Array.from({ length: n }, () => stream.uniform()))).filter(
        (p) => p < level,
      ).length / 2000;
    for (const n of [10, 100]) {
      expect(rejected(n, 0.05)).toBeGreaterThan(0.035);
      expect(rejected(n, 0.05)).toBeLessThan(0.066);
    }
    expect(rejected(100, 0.01)).toBeLessThan(0.018);
    expect(uniformity([0.5])).toBe(1);
  });

  it("finds even gaps, a wrong rate, and calls that come in bunches", () => {
    const stream = random(2);
    const gap = () => -Math.log1p(-stream.uniform());
    const share = (gaps: readonly number[]) => uniformity(gaps.map((g) => -Math.expm1(-g)));
    const drawn = Array.from({ length: 300 }, gap);
    expect(share(drawn)).toBeGreaterThan(0.01);
    expect(share(drawn.map(() => 1))).toBeLessThan(1e-4);
    expect(share(drawn.map((g) => 1.5 * g))).toBeLessThan(1e-3);
    expect(share(drawn.map((g, i) => (i % 4 === 0 ? 4 * g : 1e-9)))).toBeLessThan(1e-4);
  });
});

describe("a cell's generator", () => {
  const faults = async (load: Load, visits: readonly (readonly Made[])[], more: object = {}) => {
    const cell = loadedCell(load);
    return generatorFaults({ cells: [cell] }, await measured(cell, visits, more)).get(cell.id) ?? [];
  };

  it("was good where at most one call of a hundred waited for the client, and a single hiccup in thirty shows nothing", async () => {
    expect(await faults(constant, [even(200)])).toEqual([]);
    const hiccups = (n: number, every: number) => even(n).map((c, i) => (i % every === 5 ? { ...c, lagMs: 0.9 } : c));
    expect(await faults(constant, [hiccups(30, 30)])).toEqual([]);
    expect(await faults(constant, [hiccups(1000, 100)])).toEqual([]);
    expect((await faults(constant, [hiccups(1000, 20)]))[0]).toMatch(
      /^the client let calls wait: 0.90 ms \(p99\), more than 1 %/,
    );
  });

  it("is not blamed for calls that waited for a connection", async () => {
    expect(await faults(constant, [even(100).map((c) => ({ ...c, lateMs: 50, lagMs: 0 }))])).toEqual([]);
  });

  it("was bad where the client used more than 70 % of a processor, waiting for the time of calls left out", async () => {
    const busy = { client: { ...client, cpuMs: 9000, spunMs: 500 } };
    expect((await faults(constant, [even(50)], busy))[0]).toMatch(/^the client used 85 % of a processor/);
    expect(await faults(constant, [even(50)], { client: { ...client, cpuMs: 9000, spunMs: 2500 } })).toEqual([]);
    expect(await faults({ mode: "closed-loop", concurrency: 4 }, [even(50)], busy)).toHaveLength(1);
    // One call after the other: its own work is part of its time, and no other call waits for it.
    expect(await faults({ mode: "closed-loop", concurrency: 1 }, [even(50)], busy)).toEqual([]);
  });

  it("was bad where random calls came evenly; of good ones hardly any is named, however many cells there are", async () => {
    expect((await faults(poisson, [even(100)]))[0]).toMatch(/^calls did not come as x8 Poisson 10\/s asks for/);
    const stream = random(4);
    const cells = Array.from({ length: 40 }, (_, i) => loadedCell(poisson, `image-${i}`));
    let named = 0;
    for (let run = 0; run < 20; run++) {
      const data = new Map();
      for (const cell of cells) {
        let dueMs = 0;
        const calls = Array.from({ length: 40 }, () => ({
          dueMs: (dueMs -= 100 * Math.log1p(-stream.uniform())),
          ms: 20,
        }));
        data.set(cell.id, (await measured(cell, [calls])).get(cell.id));
      }
      named += generatorFaults({ cells }, data).size > 0 ? 1 : 0;
    }
    expect(named).toBeLessThanOrEqual(2);
  });
});

describe("LoadGen's early stopping", () => {
  it("takes the numbers of queries that LoadGen takes", () => {
    // loadgen/early_stopping.cc: 459 for p99 with none over, 662 and 64 queries with one.
    expect(leastWithin(0, 0.99)).toBe(459);
    expect([leastWithin(1, 0.99) + 1, leastWithin(1, 0.9) + 1]).toEqual([662, 64]);
    expect(leastWithin(0, 0.9)).toBe(Math.ceil(Math.log(0.01) / Math.log(0.9)));
  });

  it("leaves out as many of the slowest as it may, and says how many queries it takes where there are too few", () => {
    const ms = Array.from({ length: 64 }, (_, i) => i + 1);
    expect(earlyEstimate(ms, 0.9)).toEqual({ ok: true, ms: 64, queries: 64, discarded: 0 });
    expect(earlyEstimate(ms.slice(1), 0.9)).toEqual({ ok: false, queries: 63, needs: 64 });
    const many = Array.from({ length: 1000 }, (_, i) => i + 1);
    const found = earlyEstimate(many, 0.9);
    expect(found.ok && found.ms).toBeGreaterThan(900);
    expect(found.ok && found.ms).toBeLessThan(940);
  });

  it("covers the percentile in 99 of 100 runs", () => {
    const stream = random(3);
    let held = 0;
    for (let run = 0; run < 400; run++) {
      const found = earlyEstimate(
        Array.from({ length: 200 }, () => stream.uniform()),
        0.9,
      );
      held += found.ok && found.ms >= 0.9 ? 1 : 0;
    }
    expect(held / 400).toBeGreaterThan(0.975);
  });

  it("passes a server's run with enough queries for those over the bound; failed ones are over it", () => {
    const fast = Array<number>(700).fill(10);
    expect(earlyPass(fast, 0.99, 100, 0)).toEqual({ passes: true, queries: 700, over: 0, more: 0 });
    expect(earlyPass(fast.slice(0, 400), 0.99, 100, 0)).toMatchObject({ passes: false, more: 59 });
    expect(earlyPass(fast, 0.99, 100, 3)).toMatchObject({ passes: false, over: 3, queries: 703 });
  });
});

describe("what a load measured", () => {
  const figures = async (
    load: Load,
    visits: readonly (readonly Made[])[],
    boundMs: number | null,
    more: object = {},
  ) => {
    const cell = loadedCell(load);
    const data = (await measured(cell, visits, more)).get(cell.id);
    if (data === undefined) throw new Error("no data");
    return { cell, data, figures: loadFigures([{ cell, data }], boundMs) };
  };

  it("is throughput, whatever came before the measured part, and goodput within a bound, failed calls counted", async () => {
    const led = even(101).map((c) => ({ ...c, dueMs: c.dueMs + 30_000 }));
    const slow = led.map((c, i) => (i % 4 === 1 ? { ...c, ms: 300 } : c));
    const { figures: f } = await figures(constant, [slow], 200);
    expect(f.perSecond).toBeCloseTo(10, 6);
    expect(f.withinShare).toBeCloseTo(76 / 101, 6);
    expect(f.goodPerSecond).toBeCloseTo((10 * 76) / 101, 6);
    const { figures: failed } = await figures(constant, [[...led, { dueMs: 41_000, ms: 1, failed: true }]], 200);
    expect(failed.withinShare).toBeCloseTo(101 / 102, 6);
    expect(failed.goodPerSecond).toBeCloseTo(10, 6);
  });

  it("counts closed loops and all calls at once from the first begin on", async () => {
    const two = Array.from({ length: 10 }, (_, i) => ({ dueMs: 50 * Math.floor(i / 2), ms: 50 }));
    expect((await figures({ mode: "closed-loop", concurrency: 2 }, [two], null)).figures.perSecond).toBeCloseTo(40, 6);
    const offline = Array.from({ length: 8 }, (_, i) => ({ dueMs: 0, ms: 25 * (1 + i) }));
    expect(
      (await figures({ mode: "loadgen-offline", samples: 8, concurrency: 1 }, [offline], null)).figures.perSecond,
    ).toBeCloseTo(40, 6);
  });

  it("is drift: none in a server that keeps up, and a share of a second in each second in one that does not", async () => {
    expect((await figures(constant, [even(30), even(30)], null)).figures.driftMsPerSecond).toBe(0);
    // 125 ms a call that comes every 100 ms: each waits 25 ms longer than the one before, 250 ms a second.
    const { figures: f } = await figures(constant, [even(30, (i) => 125 + 25 * i)], null);
    expect(f.driftMsPerSecond).toBeCloseTo(250, 6);
    // Calls that are due at once show none, though records round their times.
    const atOnce = Array.from({ length: 30 }, (_, i) => ({ dueMs: 1e-4 * (i % 3), ms: 100 + i }));
    expect((await figures(constant, [atOnce], null)).figures.driftMsPerSecond).toBeNull();
  });

  it("is the length of the server's own queue, by the time that requests waited there", async () => {
    const total = (sumMs: number) => ({ count: 40, sumMs, stepMs: 0.001 });
    const server = { requests: total(9000), runs: total(3000), queue: total(5000) };
    const { cell, data } = await figures(poisson, [even(10)], null, { server });
    expect(queueLength([{ cell, data }])).toBeCloseTo(0.5, 6);
  });

  it("are queries where a scenario has them, as slow as their slowest call", async () => {
    const multi = { mode: "loadgen-multi-stream", samplesPerQuery: 2 };
    const calls = Array.from({ length: 1400 }, (_, i) => ({
      dueMs: 100 * Math.floor(i / 2),
      ms: 10 + (i % 2),
      query: Math.floor(i / 2),
    }));
    const { cell, data } = await figures(multi, [calls], null);
    expect(loadGenResult([{ cell, data }])).toMatchObject({
      scenario: "MultiStream",
      queries: 700,
      estimate: { ok: true, ms: 11 },
    });
    expect(loadGenResult([{ cell: loadedCell(poisson), data }])).toBeUndefined();
  });
});

describe("latencies that cannot be told", () => {
  const parted = async (load: Load, visits: readonly (readonly Made[])[], more: object = {}) => {
    const cell = loadedCell(load);
    const { data, loaded, untold } = partLoads({ cells: [cell] }, await measured(cell, visits, more));
    return {
      told: data.get(cell.id)?.totalsMs.length,
      failed: data.get(cell.id)?.failed?.calls ?? 0,
      loaded: loaded.get(cell.id)?.totalsMs.length,
      kind: untold.get(cell.id)?.kind,
    };
  };

  it("are those of an invalid cell, of which nothing is left but its failures", async () => {
    const calls = even(100).map((c) => ({ ...c, lagMs: 5 }));
    expect(await parted(constant, [[...calls, { dueMs: 1e4, ms: 1, failed: true }]])).toEqual({
      ...{ told: 0, failed: 1, loaded: undefined, kind: "invalid" },
    });
  });

  it("are those of a server that fell behind, and of loads without a percentile; their rates stay", async () => {
    expect(await parted(constant, [even(30)], { backlogCalls: 4 })).toEqual({
      told: 0,
      failed: 0,
      loaded: 30,
      kind: "behind",
    });
    const ramp = { mode: "ramp", fromPerSecond: 1, toPerSecond: 9, seconds: 6, concurrency: 8 };
    expect(await parted(ramp, [even(30)])).toMatchObject({ told: 0, loaded: 30, kind: "load" });
    const offline = { mode: "loadgen-offline", samples: 30, concurrency: 8 };
    expect(await parted(offline, [even(30)])).toMatchObject({ told: 0, loaded: 30, kind: "load" });
  });

  it("are none of a good cell, nor of the paper's load", async () => {
    expect(await parted(constant, [even(30)], { backlogCalls: 0.2 })).toMatchObject({
      told: 30,
      loaded: 30,
      kind: undefined,
    });
    const plain = { mode: "closed-loop", concurrency: 1 };
    expect(await parted(plain, [even(30)])).toMatchObject({ told: 30, loaded: undefined, kind: undefined });
  });

  it("need more than chance where calls come at random", async () => {
    const cell = loadedCell(poisson);
    const behind = async (backlogCalls: number) => {
      const data = (await measured(cell, [even(100), even(100)], { backlogCalls })).get(cell.id);
      return data !== undefined && isBehind({ cell, data });
    };
    // 2.33 standard deviations of sqrt(4 n / 3) calls over two visits: 19.
    expect([await behind(18), await behind(20)]).toEqual([false, true]);
  });
});
