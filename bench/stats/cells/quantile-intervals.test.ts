import { describe, expect, it } from "vitest";
import { random } from "../math/random.ts";
import { quantileOver } from "./quantile-intervals.ts";

const stream = random(17);
const visits = (count: number, calls: number, between: number, within: number) =>
  Array.from({ length: count }, () => {
    const level = between * stream.normal();
    return Array.from({ length: calls }, () => 10 * Math.exp(level + within * stream.normal()));
  });

describe("a quantile of calls", () => {
  it("is given where calls and visits can carry it", () => {
    expect(quantileOver(visits(20, 10, 0, 0.1), 0.95)?.ms).toBeCloseTo(10 * Math.exp(0.1645), 0);
    // A hundred calls of visits that are all alike inside are worth ten.
    expect(quantileOver(visits(10, 10, 0.3, 0.001), 0.9)).toBeNull();
    expect(quantileOver([Array.from({ length: 1000 }, (_, i) => i + 1)], 0.5)).toBeNull();
    expect(quantileOver(visits(5, 10, 0, 0.1), 0.99)).toBeNull();
    expect(quantileOver([], 0.5)).toBeNull();
  });

  // 300 trials: two Monte-Carlo errors of .95 are .025. As independent calls they would hold it in six of ten.
  it("has an interval that knows of visits", () => {
    const truth = 10;
    const intervals = Array.from({ length: 300 }, () => quantileOver(visits(15, 10, 0.2, 0.05), 0.5)?.interval ?? null);
    const known = intervals.filter((i) => i !== null);
    expect(known.length).toBeGreaterThan(250);
    const share = known.filter((i) => i.low <= truth && truth <= i.high).length / known.length;
    expect(share).toBeGreaterThan(0.92);
    expect(share).toBeLessThan(0.995);
  });
});
