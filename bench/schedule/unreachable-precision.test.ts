import { describe, expect, it } from "vitest";
import { type CellLimits, DEFAULT_LIMITS } from "../matrix/limits.ts";
import { cellOf } from "../testing/cells.ts";
import { enough } from "./precision.ts";
import { outOfReach, percent, reachNotes } from "./unreachable-precision.ts";

const cell = (image: string, limits?: CellLimits) => ({
  ...cellOf(["client", "edge"], "ssd", "probe", image),
  ...(limits && { limits }),
});

describe("a precision that no cell can reach", () => {
  it("is told by calls and by visits, as the rule that ends a cell has it", () => {
    expect(outOfReach(DEFAULT_LIMITS)).toBeUndefined();
    expect(outOfReach({ ...DEFAULT_LIMITS, requests: 10, precision: null })).toBeUndefined();
    const few = { ...DEFAULT_LIMITS, requests: 10, blockRequests: 5 };
    expect(outOfReach(few)).toBe("it takes 30 calls (minRequests), and a cell has 10 at most");
    expect(
      enough(
        [
          [1, 1, 1, 1, 1],
          [1, 1, 1, 1, 1],
        ],
        few,
      ),
    ).toBe("requests");
    const twice = { ...DEFAULT_LIMITS, requests: 40, blockRequests: 20 };
    expect(outOfReach(twice)).toBe("it takes 3 visits, and 40 calls in blocks of 20 are made in 2");
    expect(enough([Array<number>(20).fill(1), Array<number>(20).fill(1)], twice)).toBe("requests");
    expect(outOfReach({ ...twice, requests: 41 })).toBeUndefined();
  });

  it("is a note with the plan that counts the cells, each by its own limits", () => {
    const run = { ...DEFAULT_LIMITS, requests: 10 };
    expect(reachNotes([cell("a"), cell("b")], run)).toEqual([
      expect.stringMatching(/^No cell can reach a precision of 2 %: it takes 30 calls/),
    ]);
    expect(reachNotes([cell("a"), cell("b", { precision: null }), cell("c", { requests: 100 })], run)).toEqual([
      expect.stringMatching(/^1 of 3 cells: none can reach a precision of 2 %/),
    ]);
    expect(reachNotes([cell("a")], DEFAULT_LIMITS)).toEqual([]);
  });

  it("is written with two digits", () => {
    expect([0.02, 0.0025, 1.4, 0.123].map(percent)).toEqual(["2 %", "0.25 %", "140 %", "12 %"]);
  });
});
