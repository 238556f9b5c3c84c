import { describe, expect, it } from "vitest";
import { known } from "../stats/math/estimate.ts";
import { formatInterval, formatMs, formatRatio, formatRatioInterval, intervalOrWhy } from "./numbers.ts";

describe("numbers for people", () => {
  it("say that there is no interval where one has no end", () => {
    for (const interval of [null, { low: 0, high: Infinity }, { low: NaN, high: 2 }, { low: 0, high: 2 }])
      expect(formatRatioInterval(interval)).toBe("no interval");
    expect(known({ low: 0, high: Infinity })).toBeNull();
    expect(formatInterval({ low: 0, high: 2 }, String)).toBe("0 to 2");
    expect(formatRatioInterval({ low: 1.02, high: 1.11 })).toBe("1.020 to 1.110");
  });

  it("of milliseconds have the digits that carry meaning", () => {
    expect([1234.56, 56.78, 1.234, NaN].map(formatMs)).toEqual(["1235", "56.8", "1.23", "–"]);
  });

  it("stay short where they are huge or tiny", () => {
    expect([123, 12.34, 1.234, 0.0123, 1e9, 4e-7, Infinity].map(formatRatio)).toEqual([
      ...["123", "12.3", "1.234", "0.0123", "1.0e+9", "4.0e-7", "–"],
    ]);
  });
});

describe("an interval of a time", () => {
  it("is said where it is narrower than the time, and else that there were too few visits", () => {
    expect(intervalOrWhy({ low: 45, high: 55 }, 50)).toBe("45.0 to 55.0");
    for (const interval of [null, { low: 0.16, high: 85395 }, { low: 10, high: 70 }, { low: 0, high: Infinity }])
      expect(intervalOrWhy(interval, 50)).toBe("too few visits");
  });
});
