import { expect, it } from "vitest";
import type { CellEnd } from "../run/cell-book.ts";
import { countEnds } from "./run.ts";

it("says how the cells of a run ended, and no way in which none did", () => {
  const ends = (...all: CellEnd[]) => new Map(all.map((end, i) => [`${i}`, end]));
  expect(countEnds(ends("requests"))).toBe("cells: 1 with all calls made");
  expect(countEnds(ends("precision", "failed", "precision"))).toBe("cells: 2 as precise as asked for, 1 failed");
});
