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

it("of a search every figure is counted, of one that its client ended too soon only that", () => {
  const good = named(made("found", 310, 30), 100, 300, 0.05);
  expect(good.size).toBe(knees[0]?.figures.length);
  expect(good.get("interval holds the capacity")).toEqual({ right: 1, of: 1 });
  expect(good.get("within 5 % of the capacity")).toEqual({ right: 1, of: 1 });
  expect(good.get("at most 40 % of the time of a sweep of ten steps, as precise")).toEqual({ right: 1, of: 1 });
  expect(good.get("time over that sweep's")).toEqual({ right: 0.3, of: 1 });
  const off = named(made("found", 330, 50), 100, 300, 0.05);
  expect(off.get("within 5 % of the capacity")).toEqual({ right: 0, of: 1 });
  expect(off.get("at most 40 % of the time of a sweep of ten steps, as precise")).toEqual({ right: 0, of: 1 });
  // A client that was too slow ends its search soon: that is no short search.
  const late = named(made("client", null, 1, 3), 100, 300, 0.05);
  expect(late.size).toBe(good.size);
  expect(late.get("at most 40 % of the time of a sweep of ten steps, as precise")).toEqual({ right: 0, of: 0 });
  expect(late.get("steps that do not count, for the client's sake")).toEqual({ right: 3, of: 10 });
  const [first] = late.values();
  expect(first).toEqual({ right: 0, of: 1 });
});
