import { expect, it } from "vitest";
import { GRID, PLANTED, errorsOf, judged, type DistanceCell } from "./cells.ts";
import { plantedOf, shareOf } from "./command.ts";
import type { MadeCall } from "./talk.ts";
import { distanceText } from "./text.ts";

const CALL: MadeCall = {
  ...{ ms: 100, sendMs: 1, requestBytes: 921_676, responseBytes: 12_000 },
  ...{ cwnd: 2000, cwndAfter: 2000, rtoMs: 280, retransmits: 0 },
};
const SERVICE = { serviceMs: 6, sendMs: 1 };
const cell: DistanceCell = { rttMs: 80, mbit: 1000, loss: 0, port: "grpc", state: "warm" };

it("the promise is of every round trip, bandwidth, state of the connection and protocol, and each limit is planted", () => {
  expect(GRID).toHaveLength(6 * 3 * 3 * 2);
  expect(new Set(GRID.map((c) => JSON.stringify(c))).size).toBe(GRID.length);
  expect(new Set(PLANTED.map((c) => c.planted)).size).toBe(6);
});

it("a cell is judged by the median of its calls against the model, which knows the window that the kernel had", () => {
  const warm = judged(cell, [CALL, { ...CALL, ms: 95 }, { ...CALL, ms: 500 }], SERVICE, 2500);
  // Service less what is sent meanwhile, a round trip, 7.6 ms by bandwidth.
  expect(warm).toMatchObject({ ms: 100, bound: { limit: "rtt" } });
  expect(warm.predictedMs).toBeCloseTo(5 + 80 + 7.74, 1);
  expect(judged({ ...cell, state: "idle" }, [CALL], SERVICE, 2500).predictedMs).toBeGreaterThan(80 * 6);
  expect(judged({ ...cell, port: "grpc-64k" }, [{ ...CALL, ms: 1300 }], SERVICE, 2500).bound.limit).toBe("window");
  expect(judged(cell, [{ ...CALL, ms: 900, retransmits: 9 }], SERVICE, 2500).bound.limit).toBe("loss");
});

it("prints what was measured beside the model, and whether the goals are met", () => {
  const grid = [judged(cell, [{ ...CALL, ms: 92.7 }], SERVICE, 2500)];
  expect(errorsOf(grid).median).toBeLessThan(0.01);
  const planted = plantedOf([{ ...judged(cell, [CALL], SERVICE, 2500), planted: "rtt" }]);
  expect(planted).toEqual([{ limit: "rtt", cases: 1, right: 1 }]);
  expect(shareOf([...planted, { limit: "loss", cases: 3, right: 0 }])).toBe(0.25);
  const met = { error: true, simulated: false, planted: true };
  const goals = { error: 0.1, named: 0.95 };
  const text = distanceText({ grid, planted, simulated: planted, goals, met, took: "1 s" });
  expect(text).toMatch(/80 +1000 +grpc .*92\.7 +92\.7 +1\.00/);
  expect(text).toContain("(goal: 10 %, met)");
  expect(text).toContain(
    "Simulated calls: 1 of 1 planted limits are named right (goal: 95 %, MISSED): round trip 1 of 1.",
  );
});
