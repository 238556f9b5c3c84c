import { describe, expect, it } from "vitest";
import { BOOTSTRAP_VISITS, cellIntervals, clusterBootstrap, visitMean } from "../bootstrap.ts";
import { estimateOf, intervalOf, linear, ratioOf } from "../math/estimate.ts";
import { type Random, random } from "../math/random.ts";
import { dataOf, coverageOf } from "../../testing/studies.ts";

describe("the draws of the bootstrap", () => {
  it("are the same for a seed, and others for another", () => {
    const data = dataOf("a", [
      [1, 2, 3],
      [4, 5],
      [2, 9],
    ]);
    expect(clusterBootstrap(data, 1, 50)).toEqual(clusterBootstrap(data, 1, 50));
    expect(clusterBootstrap(data, 2, 50)).not.toEqual(clusterBootstrap(data, 1, 50));
  });

  it("take whole visits: two visits give three medians, each its share of the draws", () => {
    const { mediansMs, meansMs } = clusterBootstrap(
      dataOf("a", [
        [1, 1, 1],
        [5, 5, 5],
      ]),
      3,
      4000,
    );
    expect(new Set(mediansMs)).toEqual(new Set([1, 3, 5]));
    expect(mediansMs.filter((m) => m === 3).length / 4000).toBeCloseTo(0.5, 1);
    expect(new Set(meansMs)).toEqual(new Set([1, 3, 5]));
  });

  it("have the pooled median of type 7 where visits differ in size", () => {
    const { mediansMs } = clusterBootstrap(dataOf("a", [[1, 2, 10], [7]]), 1, 200);
    // The four possible draws: both first [1,1,2,2,10,10], both second [7,7], one each [1,2,7,10].
    expect(new Set(mediansMs)).toEqual(new Set([2, 7, 4.5]));
  });
});

describe("estimates", () => {
  // numpy 2.4.6, scipy 1.17.1: np.std([3, 5, 4, 8], ddof=1) / 2, scipy.stats.t.interval(.95, 3, 5, se)
  it("have the t interval of scipy", () => {
    const e = estimateOf([3, 5, 4, 8]);
    expect(e.se).toBeCloseTo(1.0801234497346435, 12);
    expect(intervalOf(e)?.low).toBeCloseTo(1.5625651181416913, 9);
    expect(intervalOf(e)?.high).toBeCloseTo(8.437434881858309, 9);
  });

  // scipy 1.17.1: r = scipy.stats.ttest_ind([3, 5, 4, 8], [1, 2, 2, 1.5, 1.2], equal_var=False); r.confidence_interval(.95), r.df
  it("have Welch's interval for a difference", () => {
    const WELCH = { low: 0.09034063172199103, high: 6.8296593682780085, df: 3.2146917066172516 };
    const d = linear([
      [1, estimateOf([3, 5, 4, 8])],
      [-1, estimateOf([1, 2, 2, 1.5, 1.2])],
    ]);
    expect(d.df).toBeCloseTo(WELCH.df, 9);
    expect(intervalOf(d)?.low).toBeCloseTo(WELCH.low, 8);
    expect(intervalOf(d)?.high).toBeCloseTo(WELCH.high, 8);
  });

  it("of one visit have no interval, and neither has what is made from them", () => {
    const one = estimateOf([2]);
    expect(intervalOf(one)).toBeNull();
    expect(
      ratioOf(
        linear([
          [1, one],
          [-1, estimateOf([1, 2])],
        ]),
      ).interval,
    ).toBeNull();
    expect(cellIntervals(dataOf("a", [[1, 2, 3]]), 1)).toMatchObject({ median: null, mean: null });
  });

  it("of a latency never reach below zero, however few the visits and however far apart", () => {
    const { mean, median } = cellIntervals(dataOf("a", [[1.5], [2.6]]), 1);
    expect(mean?.low).toBeGreaterThan(0);
    expect(mean?.low).toBeLessThan(1.5);
    expect(mean?.high).toBeGreaterThan(2.6);
    expect(median?.low).toBeGreaterThan(0);
  });

  it("of a mean weigh visits by their calls", () => {
    expect(visitMean(dataOf("a", [[2, 2, 2], [6]])).value).toBe(3);
  });
});

/*
 * Truth known: call latency = 10 ms * exp(0.15 * visit + 0.1 * call) with visit and call standard normal, so the median is
 * 10 ms, and the mean 10 * exp((0.15² + 0.1²) / 2). Calls of one visit go together (intra-visit correlation 0.69): a
 * bootstrap over calls would cover half of the time only. 400 trials: two Monte-Carlo errors of .95 are .022.
 */
describe("95 % intervals cover the truth as often as they say", () => {
  const trial = (visits: number, calls: number) => (stream: Random) =>
    dataOf(
      "a",
      Array.from({ length: visits }, () => {
        const visit = 0.15 * stream.normal();
        return Array.from({ length: calls }, () => 10 * Math.exp(visit + 0.1 * stream.normal()));
      }),
    );
  const meanMs = 10 * Math.exp((0.15 ** 2 + 0.1 ** 2) / 2);

  for (const [visits, calls] of [
    [2, 5],
    [3, 10],
    [6, 5],
    [BOOTSTRAP_VISITS, 10],
    [30, 1],
  ] as const) {
    it(`of the median and the mean: ${visits} visits of ${calls} calls`, () => {
      const draw = trial(visits, calls);
      const stream = random(visits * 1000 + calls);
      const intervals = Array.from({ length: 400 }, (_, i) => cellIntervals(draw(stream), i));
      expect(
        coverageOf(
          intervals.map((i) => i.median),
          10,
        ),
      ).toSatisfy(nominal);
      expect(
        coverageOf(
          intervals.map((i) => i.mean),
          meanMs,
        ),
      ).toSatisfy(nominal);
    });

    // Welch's interval of two and two visits is wider than it says.
    if (visits < 3) continue;
    it(`of a ratio of medians: ${visits} visits of ${calls} calls each`, () => {
      const draw = trial(visits, calls);
      const stream = random(visits * 2000 + calls);
      const ratios = Array.from({ length: 400 }, (_, i) => {
        const [a, b] = [cellIntervals(draw(stream), i), cellIntervals(draw(stream), i)];
        return ratioOf(
          linear([
            [1, a.logMedian],
            [-1, b.logMedian],
          ]),
        ).interval;
      });
      expect(coverageOf(ratios, 1)).toSatisfy(nominal);
    });
  }
});

function nominal(coverage: number): boolean {
  return coverage >= 0.92 && coverage <= 0.985;
}
