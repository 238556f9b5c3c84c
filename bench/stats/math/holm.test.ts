import { expect, test } from "vitest";
import { holm } from "./holm.ts";

test("Holm's procedure rejects step by step, and judges all that are left at the level where it stops", () => {
  // 0.05 over 4, over 3, over 2: the third smallest is the first that is not below its level.
  const tests = holm([0.04, 0.01, 0.3, 0.015], 0.05);
  expect(tests.map((t) => t.rejected)).toEqual([false, true, false, true]);
  [0.05 / 2, 0.05 / 4, 0.05 / 2, 0.05 / 3].forEach((level, i) => expect(tests[i]?.alpha).toBeCloseTo(level, 12));
  expect(holm([], 0.05)).toEqual([]);
});
