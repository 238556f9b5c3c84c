import { describe, expect, it } from "vitest";
import { cellCentres } from "../cells/cell-intervals.ts";
import { estimateOf, intervalOf, linear, ratioOf } from "../math/estimate.ts";
import { type Random, random } from "../math/random.ts";
import { coverageOf, dataOf, manifestOf } from "../../testing/studies.ts";
import type { Study } from "../study.ts";
import { AXES } from "../../matrix/axes.ts";
import type { CellData } from "../visits.ts";

const alone = manifestOf({
  placements: [["edge", "edge"]],
  models: ["ssd-mobilenet"],
  clients: ["probe"],
  images: [{ name: "a", fileBytes: 1 }],
});

/** A run that has one cell. */
function lone(visits: readonly (readonly number[])[]): Study {
  const id = alone.cells[0]?.id ?? "";
  return { manifest: alone, data: new Map<string, CellData>([[id, dataOf(id, visits)]]), images: [], axes: AXES };
}

/** Its centre, by its visits' medians or means. */
const centreOf = (visits: readonly (readonly number[])[], figure: "median" | "mean") =>
  [...cellCentres(lone(visits), figure).values()][0];

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
    for (const figure of ["median", "mean"] as const) expect(centreOf([[1, 2, 3]], figure)?.interval).toBeNull();
  });

  it("of a latency never reach below zero, however few the visits and however far apart", () => {
    const [mean, median] = [centreOf([[1.5], [2.6]], "mean")?.interval, centreOf([[1.5], [2.6]], "median")?.interval];
    expect(mean?.low).toBeGreaterThan(0);
    expect(mean?.low).toBeLessThan(1.5);
    expect(mean?.high).toBeGreaterThan(2.6);
    expect(median?.low).toBeGreaterThan(0);
  });

  it("of a mean weigh visits alike: a slow visit that time cut short counts as much as the others", () => {
    expect(Math.exp(centreOf([[2, 2, 2], [6]], "mean")?.log.value ?? NaN)).toBeCloseTo(4, 12);
  });

  it("of visits without a time are none, and never NaN", () => {
    expect(centreOf([[0], [0]], "median")).toBeUndefined();
    expect(centreOf([[0], [4], [4]], "median")?.interval).toMatchObject({ low: 4, high: 4, visits: 2 });
  });
});

/*
 * Truth known: call latency = 10 ms * exp(0.15 * visit + 0.1 * call) with visit and call standard normal, so the median is
 * 10 ms, and the mean 10 * exp((0.15² + 0.1²) / 2). Calls of one visit go together (intra-visit correlation 0.69). One cell
 * alone, which has no like. 400 trials: two Monte-Carlo errors of .95 are .022.
 */
describe("95 % intervals cover the truth as often as they say", () => {
  const trial = (visits: number, calls: number) => (stream: Random) =>
    Array.from({ length: visits }, () => {
      const visit = 0.15 * stream.normal();
      return Array.from({ length: calls }, () => 10 * Math.exp(visit + 0.1 * stream.normal()));
    });
  const meanMs = 10 * Math.exp((0.15 ** 2 + 0.1 ** 2) / 2);

  for (const [visits, calls] of [
    [2, 5],
    [3, 10],
    [6, 5],
    [10, 10],
    [30, 1],
  ] as const)
    it(`of the median and the mean: ${visits} visits of ${calls} calls`, () => {
      const draw = trial(visits, calls);
      const stream = random(visits * 1000 + calls);
      const runs = Array.from({ length: 400 }, () => draw(stream));
      const intervals = (figure: "median" | "mean") => runs.map((run) => centreOf(run, figure)?.interval ?? null);
      expect(coverageOf(intervals("median"), 10)).toSatisfy(nominal);
      expect(coverageOf(intervals("mean"), meanMs)).toSatisfy(nominal);
    });
});

function nominal(coverage: number): boolean {
  return coverage >= 0.92 && coverage <= 0.985;
}
