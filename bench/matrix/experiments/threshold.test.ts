import { expect, test } from "vitest";
import { sloOf, thresholdOf } from "./threshold.ts";

test("a threshold is a percentile with a unit of time, or a ratio without one", () => {
  expect(thresholdOf("p95 < 80 ms")).toEqual({ text: "p95 < 80 ms", of: "quantile", q: 0.95, limitMs: 80 });
  expect(thresholdOf("  p99.9<1.5s ")).toEqual({ text: "p99.9<1.5s", of: "quantile", q: 0.999, limitMs: 1500 });
  expect(thresholdOf("median < 40 ms")).toMatchObject({ q: 0.5, limitMs: 40 });
  expect(thresholdOf("ratio to last  run < 1.05")).toEqual({
    ...{ text: "ratio to last run < 1.05", of: "ratio", limit: 1.05 },
  });
});

test("what could be meant in two ways, or can never be known, is none", () => {
  const none = ["", "p95", "p95 < 80", "p95 > 80 ms", "p95 < -1 ms", "p95 < 0 ms", "p0 < 1 ms", "p100 < 1 ms"];
  const more = ["p99.99 < 1 ms", "ratio to last run < 1.05 ms", "ratio to last run < 5 %", "p95 < 80 ms, p99 < 90 ms"];
  const hostile = ["p95 < 1e9 ms", "constructor < 1 ms", "p95 < 8 toString", `p95 < ${"9".repeat(400)} ms`];
  expect([...none, ...more, ...hostile].filter((text) => thresholdOf(text) !== undefined)).toEqual([]);
});

test("an SLO is a percentile's limit, or a bound alone; nothing else is one", () => {
  expect(sloOf("p99 < 200 ms")).toEqual({ text: "p99 < 200 ms", q: 0.99, boundMs: 200 });
  expect(sloOf(" 0.2  s ")).toEqual({ text: "0.2 s", q: null, boundMs: 200 });
  for (const text of ["", "200", "p99", "< 200 ms", "ratio to last run < 1.05", "p99 < 200 ms < 300 ms", "median"])
    expect(sloOf(text)).toBeUndefined();
});
