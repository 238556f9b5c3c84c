import { expect, test } from "vitest";
import { whatFits } from "./budget.ts";
import type { Cell } from "../matrix/cell.ts";
import { cellOf } from "../testing/cells.ts";

const cell = (model: string, image: string) => cellOf(["client", "edge"], model, "probe", image);

const costs: Readonly<Record<string, number>> = { slow: 1000, quick: 100 };
const cost = (c: Cell) => costs[c.model] ?? 0;
const order = [cell("slow", "a"), cell("quick", "a"), cell("slow", "b"), cell("quick", "b")];
const fits = (leftMs: number, measured = (_: Cell) => true) =>
  whatFits(order, measured, cost, leftMs).map((c) => `${c.model} ${c.image}`);

test("without a budget, or with time for all, a round visits every cell in its order", () => {
  for (const left of [Infinity, 2200]) expect(fits(left)).toEqual(["slow a", "quick a", "slow b", "quick b"]);
});

test("where time is short the quick model comes first, and the slow one has what is left, in the shuffled order", () => {
  expect(fits(1300)).toEqual(["slow a", "quick a", "quick b"]);
  expect(fits(150)).toEqual(["quick a"]);
  expect(fits(0)).toEqual([]);
});

test("a cell without a call is visited whatever it takes", () => {
  expect(fits(0, (c) => c.image !== "b")).toEqual(["slow b", "quick b"]);
  expect(fits(1250, (c) => c.image !== "b" || c.model !== "slow")).toEqual(["quick a", "slow b", "quick b"]);
});
