import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { estimateOf, intervalOf } from "../stats/math/estimate.ts";
import { median } from "../stats/math/quantile.ts";
import { random } from "../stats/math/random.ts";
import { NoiseBook, enough } from "./precision.ts";

describe("a cell is done", () => {
  it("by its number of calls alone where no precision is asked for", () => {
    const limits = { ...DEFAULT_LIMITS, precision: null, requests: 40 };
    const flat = Array.from({ length: 40 }, () => 5);
    const visits = (n: number) => [flat.slice(0, 10), flat.slice(10, 20), flat.slice(20, n)];
    expect([30, 39, 40].map((n) => enough(visits(n), limits))).toEqual([undefined, undefined, "requests"]);
    expect(enough(visits(40), DEFAULT_LIMITS)).toBe("precision");
    expect(enough(visits(29), DEFAULT_LIMITS)).toBeUndefined();
  });

  it("by its precision in no fewer than three visits: what differs between visits is not to be seen there", () => {
    const flat = Array.from({ length: 40 }, () => 5);
    expect(enough([flat], DEFAULT_LIMITS)).toBeUndefined();
    expect(enough([flat, flat], DEFAULT_LIMITS)).toBeUndefined();
    expect(enough([flat, flat, flat], { ...DEFAULT_LIMITS, requests: 200 })).toBe("precision");
  });

  // Visits 3 % apart (standard deviation), calls 2 %: within two per cent by the calls, but not by what a report states.
  it("by its precision only where the interval over its visits is as narrow", () => {
    const stream = random(3);
    const limits = { ...DEFAULT_LIMITS, requests: 500 };
    const within = Array.from({ length: 60 }, () => {
      const visits: number[][] = [];
      while (enough(visits, limits) === undefined) {
        const level = 10 * Math.exp(0.03 * stream.normal());
        visits.push(Array.from({ length: 10 }, () => level * Math.exp(0.02 * stream.normal())));
      }
      const logs = estimateOf(visits.map((v) => Math.log(median(v))));
      const interval = intervalOf(logs);
      if (enough(visits, limits) === "precision")
        expect(Math.expm1((interval?.high ?? Infinity) - logs.value)).toBeLessThanOrEqual(0.02);
      return visits.length;
    });
    expect(median(within)).toBeGreaterThan(6);
  });

  it("by its precision only where cells like it are as steady: visits that happen to agree are no evidence", () => {
    const lucky = [0, 1, 2].map(() => Array.from({ length: 10 }, () => 10));
    expect(enough(lucky, DEFAULT_LIMITS)).toBe("precision");
    expect(enough(lucky, DEFAULT_LIMITS, { variance: 0.05 ** 2, df: 30 })).toBeUndefined();
    expect(enough(lucky, DEFAULT_LIMITS, { variance: 0.005 ** 2, df: 30 })).toBe("precision");
    // Too few of them to go by.
    expect(enough(lucky, DEFAULT_LIMITS, { variance: 0.05 ** 2, df: 2 })).toBe("precision");
  });

  it("by a noise that is pooled over cells of one kind, each around its own level", () => {
    const book = new NoiseBook();
    expect(book.of("a")).toBeUndefined();
    book.visited("one", "a", [Math.E]);
    book.visited("two", "a", [Math.E ** 5]);
    expect(book.of("a")).toBeUndefined();
    book.visited("one", "a", [Math.E ** 3]);
    book.visited("two", "a", [Math.E ** 5]);
    book.visited("two", "b", []);
    expect(book.of("a")).toEqual({ variance: expect.closeTo(1, 12) as number, df: 2 });
  });
});
