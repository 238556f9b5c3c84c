import { expect, it } from "vitest";
import { overlapping } from "./overlap.ts";

it("calls overlap if one is due before another has ended, in whatever order they come", () => {
  const calls = [
    { dueMs: 100, latencyMs: 50 }, // alone
    { dueMs: 220, latencyMs: 10 }, // within the next one
    { dueMs: 200, latencyMs: 100 },
    { dueMs: 290, latencyMs: 20 },
    { dueMs: 310, latencyMs: 5 }, // when the one before has just ended
  ];
  expect(overlapping(calls)).toEqual([false, true, true, true, false]);
  expect(overlapping([])).toEqual([]);
});
