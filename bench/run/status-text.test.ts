import { expect, test } from "vitest";
import { cellOf } from "../testing/cells.ts";
import { statusText } from "./status-text.ts";

const at = (secondsDone: number, secondsLeft: number, failedCells = 0) =>
  statusText({
    ...{ cells: 300, reached: 112, secondsDone, secondsLeft, failedCells },
    cell: cellOf(["client", "edge"], "ssd", "probe", "image-1"),
  });

test("progress says percent, cells and time left, and what failed", () => {
  expect(at(60, 180)).toBe("25 %, 112 of 300 cells visited, 3 min 00 s left; ssd on edge");
  expect(at(60, 180, 2)).toMatch(/; 2 cells failed$/);
});

test("progress never says that a run is done while it goes on, nor divides by nothing", () => {
  expect(at(600, 0)).toMatch(/^99 %/);
  expect(at(0, 0)).toMatch(/^0 %/);
});
