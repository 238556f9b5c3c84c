import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Cell, cellId } from "./cell.ts";
import { earlierCalls, forecast, roughCallMs } from "./forecast.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

function cell(more: Partial<Cell> = {}): Cell {
  const c = { clientRole: "client", serverRole: "edge", clientKind: "probe", model: "ssd", image: "image-2", ...more };
  return { ...c, id: cellId(c), protocol: "grpc", input: "pixels" };
}
const limits = { ...DEFAULT_LIMITS, requests: 100, minRequests: 30, blockRequests: 10, warmupRequests: 3 };
const every = (callMs: number) => () => ({ callMs, fromRecords: false });

describe("the forecast of a run", () => {
  it("is between the least number of calls and all of them, with their warm-ups", () => {
    // 50 ms: three visits of ten, 30 calls + 3 first warm-ups + 1 for each of the two later visits; then 100 + 3 + 9.
    expect(forecast([cell()], limits, every(50))).toEqual({
      ...{ soonestMs: 35 * 50, latestMs: 112 * 50, calls: [30, 100], fromRecords: 0 },
    });
    expect(forecast([cell()], { ...limits, precision: null }, every(50)).soonestMs).toBe(112 * 50);
  });

  it("counts no warm-up where calls are long", () => {
    expect(forecast([cell()], limits, every(2000)).soonestMs).toBe(30 * 2000);
  });

  it("ends with the budget, but not before every cell was visited", () => {
    const cells = [cell(), cell({ image: "image-7" })];
    expect(forecast(cells, { ...limits, budgetMs: 1000 }, every(50)).latestMs).toBe(1000);
    expect(forecast(cells, { ...limits, budgetMs: 1 }, every(50)).latestMs).toBe(2 * 4 * 50);
  });

  it("goes by the rate of an open loop, and by calls in flight of a closed one", () => {
    const plain = { ...limits, warmupRequests: 0, precision: null };
    expect(forecast([cell({ ratePerSecond: 4, concurrency: 8 })], plain, every(50)).latestMs).toBe(25_000);
    expect(forecast([cell({ concurrency: 4 })], plain, every(50)).latestMs).toBe(1250);
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
    expect(roughCallMs(cell({ serverRole: "jetson" }), models)).toBe(1000);
  });

  it("is that of the newest run that has the cell", async () => {
    const root = mkdtempSync(join(tmpdir(), "lathe-forecast-"));
    try {
      const run = (name: string, id: string, totalMs: readonly number[]) => {
        mkdirSync(join(root, name));
        const call = { ...{ type: "call", cell: id, round: 0, phase: "measure", at: "", ok: true }, requestBytes: 1 };
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
      const found = await earlierCalls(dirs, [cell()]);
      expect(found?.dir).toBe(join(root, "2"));
      expect([...(found?.callMs ?? [])]).toEqual([[cell().id, 20]]);
      expect(await earlierCalls(dirs, [cell({ image: "image-9" })])).toBeUndefined();
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
