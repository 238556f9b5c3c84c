import { appendFileSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Cell } from "../matrix/cell.ts";
import { earlierCalls, forecast, roughCallMs } from "./forecast.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { RECORDS_VERSION } from "../records/records.ts";
import { cellOf } from "../testing/cells.ts";

const cell = (more: Partial<Cell> = {}) => cellOf(["client", "edge"], "ssd", "probe", "image-2", more);
const closed = (concurrency: number) => cell({ load: { mode: "closed-loop", concurrency } });
const atRate = (ratePerSecond: number, concurrency = 1) =>
  cell({ load: { mode: "constant-rate", ratePerSecond, concurrency } });
const limits = { ...DEFAULT_LIMITS, requests: 100, minRequests: 30, blockRequests: 10, warmupRequests: 3 };
const every = (callMs: number) => () => ({ callMs, fromRecords: false });

describe("the forecast of a run", () => {
  it("is between the least number of calls and all of them, with their warm-ups", () => {
    // 50 ms: three visits of ten, 30 calls + 3 first warm-ups + 1 for each of the two later visits; then 100 + 3 + 9.
    expect(forecast([cell()], limits, every(50))).toEqual({
      ...{ soonestMs: 35 * 50, latestMs: 112 * 50, calls: [30, 100], cut: false, fromRecords: 0, tooFast: 0 },
    });
    expect(forecast([cell()], { ...limits, precision: null }, every(50)).soonestMs).toBe(112 * 50);
  });

  it("counts no warm-up where calls are long", () => {
    expect(forecast([cell()], limits, every(2000)).soonestMs).toBe(30 * 2000);
  });

  it("ends with the budget, but not before every cell was visited", () => {
    const cells = [cell(), cell({ image: "image-7" })];
    expect(forecast(cells, { ...limits, budgetMs: 1000 }, every(50))).toMatchObject({ latestMs: 1000, cut: true });
    expect(forecast(cells, { ...limits, budgetMs: 1 }, every(50)).latestMs).toBe(2 * 4 * 50);
  });

  it("tells how many cells a budget lets be visited once only", () => {
    const cells = ["image-1", "image-2"].flatMap((image) => [cell({ image }), cell({ image, model: "slow" })]);
    const time = (c: Cell) => ({ callMs: c.model === "slow" ? 1000 : 50, fromRecords: false });
    const visited = (budgetMs: number) => forecast(cells, { ...limits, budgetMs }, time).visited;
    // First visits: two of the quick model in 1.3 s, two of the slow one (two calls each) in 4 s.
    expect(visited(1)).toEqual({ once: 4, more: 0, precise: 0 });
    expect(visited(7_000)).toEqual({ once: 2, more: 2, precise: 0 });
    expect(visited(40_000)).toEqual({ once: 0, more: 4, precise: 4 });
    expect(visited(1e9)).toBeUndefined();
  });

  it("goes by the rate of an open loop, and by calls in flight of a closed one", () => {
    const plain = { ...limits, warmupRequests: 0, precision: null };
    // 100 calls in 20 visits of 5, each after a lead-in of 12 calls, 250 ms apart.
    expect(forecast([atRate(4, 8)], plain, every(50)).latestMs).toBe((100 + 20 * 12) * 250);
    expect(forecast([closed(4)], plain, every(50)).latestMs).toBe(1250);
  });

  it("goes no faster than its connections do where the rate asked for cannot be kept, and counts such cells", () => {
    const plain = { ...limits, requests: 1000, blockRequests: 1000, blockMs: 1e6, warmupRequests: 0, precision: null };
    // A thousand calls of 75 ms over one connection take 75 s, at whatever rate they were due; 3 000 lead in.
    const one = forecast([atRate(100)], plain, every(75));
    expect(one).toMatchObject({ latestMs: 4000 * 75, tooFast: 1 });
    const eight = forecast([atRate(100, 8)], plain, every(75));
    expect(eight).toMatchObject({ latestMs: 4000 * 10, tooFast: 0 });
  });

  it("counts three visits for a precision, however few calls it asks for", () => {
    expect(forecast([cell()], { ...limits, minRequests: 10 }, every(50)).calls).toEqual([21, 100]);
    expect(forecast([cell()], { ...limits, blockRequests: 40 }, every(1)).calls).toEqual([81, 100]);
  });

  it("goes by each cell's own limits", () => {
    const own = { ...cell(), limits: { requests: 5, warmupRequests: 0 } };
    expect(forecast([own], limits, every(50)).latestMs).toBe(250);
  });
});

describe("the time of a call", () => {
  it("is roughly the paper's where it has the machine and model", () => {
    const models = {
      ssd: { paperModel: "ssd", isNull: false },
      null: { isNull: true },
      own: { isNull: false },
    } as const;
    expect(roughCallMs(cell(), models)).toBe(492.5);
    expect(roughCallMs(cell({ model: "null" }), models)).toBe(10);
    expect(roughCallMs(cell({ model: "own" }), models)).toBe(1000);
    expect(roughCallMs(cell({ serverMachine: "jetson" }), models)).toBe(1000);
    const link = { name: "far", rttMs: 80, mbit: 10, loss: 0, jitterMs: 0 };
    expect(roughCallMs(cell({ model: "null", link }), models)).toBe(10 + 80 + 736);
    expect(roughCallMs(cell({ model: "null", link: { ...link, mbit: null } }), models)).toBe(90);
  });

  it("is that of the newest run that has the cell and can be read", async () => {
    const root = mkdtempSync(join(tmpdir(), "lathe-forecast-"));
    try {
      const run = (name: string, id: string, totalMs: readonly number[]) => {
        mkdirSync(join(root, name));
        const call = {
          ...{ v: RECORDS_VERSION, type: "call", cell: id, round: 0, phase: "measure", at: "", ok: true },
          requestBytes: 1,
        };
        const unseen = {
          encodeMs: null,
          sendMs: null,
          waitMs: null,
          receiveMs: null,
          decodeMs: null,
          responseBytes: 1,
        };
        const lines = totalMs.map((ms) => `${JSON.stringify({ ...call, ...unseen, totalMs: ms })}\n`);
        writeFileSync(join(root, name, "records.jsonl"), lines.join(""));
        return join(root, name);
      };
      const dirs = [run("1", cell().id, [1]), run("2", cell().id, [10, 30]), run("3", "another", [7])];
      mkdirSync(join(root, "4"));
      writeFileSync(join(root, "4", "records.jsonl"), '{"v":1}\n');
      const found = await earlierCalls([...dirs, join(root, "4")], [cell()]);
      expect(found?.dir).toBe(join(root, "2"));
      expect([...(found?.callMs ?? [])]).toEqual([[cell().id, 20]]);
      expect(await earlierCalls(dirs, [cell({ image: "image-9" })])).toBeUndefined();
      // Calls that did not go over their link say nothing of how long others will take.
      const error = { code: "UNAVAILABLE", message: "gone", void: true };
      const failure = { v: RECORDS_VERSION, type: "failure", cell: cell().id, round: 0, at: "", error };
      appendFileSync(join(root, "2", "records.jsonl"), `${JSON.stringify(failure)}\n`);
      expect((await earlierCalls(dirs, [cell()]))?.dir).toBe(join(root, "1"));
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
