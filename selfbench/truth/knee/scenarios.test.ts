import { expect, it } from "vitest";
import type { Capacity } from "../../../bench/capacity/search.ts";
import type { Made } from "./bed.ts";
import { counted, knees } from "./scenarios.ts";

const made = (outcome: Capacity["outcome"], perSecond: number | null, seconds: number, uncounted = 0): Made => ({
  capacity: {
    ...{ outcome, perSecond, precision: perSecond === null ? null : 0.04, aloneMs: 2, throughputPerSecond: 400 },
    interval: perSecond === null ? null : { low: 0.96 * perSecond, high: 1.04 * perSecond },
  },
  ...{ seconds, steps: 10, uncounted },
});
const named = (...of: Parameters<typeof counted>) =>
  new Map(counted(...of).map((count, i) => [knees[0]?.figures[i]?.name ?? "", count]));

it("of searches and a sweep, every figure is counted, and found are only those that a good generator made", () => {
  const sweep = made("open", 290, 100);
  const both = named([made("found", 310, 30), made("found", 330, 50)], sweep, 300, 0.05);
  expect(both.size).toBe(knees[0]?.figures.length);
  expect(both.get("interval holds the capacity")).toEqual({ right: 1, of: 2 });
  expect(both.get("within 5 % of the capacity")).toEqual({ right: 1, of: 2 });
  expect(both.get("at most 40 % of the sweep's time")).toEqual({ right: 1, of: 2 });
  expect(both.get("the search's time over the sweep's")).toEqual({ right: 0.8, of: 2 });
  // A client that was too slow ends its search soon: that is no short search.
  const late = named([made("client", null, 1, 3), made("found", 300, 30)], sweep, 300, 0.05);
  expect(late.get("at most 40 % of the sweep's time")).toEqual({ right: 1, of: 1 });
  expect(late.get("time of the search")).toEqual({ right: 30, of: 1 });
  expect(late.get("steps that do not count, for the client's sake")).toEqual({ right: 3, of: 30 });
  const [first] = late.values();
  expect(first).toEqual({ right: 1, of: 2 });
});
