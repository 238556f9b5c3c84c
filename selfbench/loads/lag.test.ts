import { expect, it } from "vitest";
import { lagOf } from "./lag.ts";

it("a rate meets its goal by 99 of 100 calls, and a rate without one is only shown", () => {
  const lags = (most: number) => Array.from({ length: 1000 }, (_, i) => (i < 985 ? 0.01 : most));
  expect(lagOf(1000, lags(0.014), 0.5)).toMatchObject({
    calls: 1000,
    p50Ms: 0.01,
    maxMs: 0.014,
    goalMs: 0.015,
    met: true,
  });
  expect(lagOf(1000, lags(0.2), 0.5).met).toBe(false);
  expect(lagOf(5000, lags(0.2), 0.5).met).toBe(true);
  expect(lagOf(70, lags(9), 0.5)).toMatchObject({ goalMs: null, met: null });
});
