import { describe, expect, it } from "vitest";
import { type Seen, overall, runsOf, timeText, verdictOf } from "./command.ts";
import type { Figure, Scenario } from "./scenario.ts";
import { PARTS } from "./scenarios.ts";

const scenario = (name: string, share: number, secondsEach?: number): Scenario => ({
  ...{ name, share, figures: [], prepare: () => () => [] },
  ...(secondsEach !== undefined && { secondsEach }),
});

describe("the runs of a part", () => {
  it("fit into the minutes where calls are real, one at least, and do not depend on them where they are simulated", () => {
    const real = [scenario("a", 1, 20), scenario("b", 0.5, 20)];
    expect(runsOf(real, 80, 15)).toEqual([30, 15]);
    expect(runsOf(real, 1000, 5)).toEqual([10, 5]);
    expect(runsOf([scenario("long", 1, 4000)], 80, 15)).toEqual([1]);
    const mixed = [scenario("simulated", 0.5), ...real];
    expect(runsOf(mixed, 80, 15)).toEqual([40, 30, 15]);
    expect(runsOf(mixed, 10, 1)[0]).toBe(10);
  });

  it("are told in advance with their time, and take ten to twenty minutes by default, searches at most forty", () => {
    expect(timeText([scenario("a", 1, 20), scenario("b", 1)], [3, 10])).toBe("Real calls take about 1 min 00 s.");
    expect(timeText([scenario("b", 1)], [10])).toBeUndefined();
    for (const [part, minutes] of Object.entries({ wire: 20, knee: 40 })) {
      const own = PARTS[part] ?? [];
      const seconds = runsOf(own, 80, 15).reduce((sum, runs, i) => sum + runs * (own[i]?.secondsEach ?? NaN), 0);
      expect(seconds, part).toBeGreaterThan(9 * 60);
      expect(seconds, part).toBeLessThan(minutes * 60);
    }
  });
});

describe("the verdict", () => {
  const line = (kept: boolean | null, figures: number): Seen => ({
    ...{ scenario: "a", figure: { table: 1, name: "x", promised: kept === null ? null : [0.9, 1] }, runs: 1 },
    ...{ share: 1, se: 0, figures, kept },
  });

  it("is of promises of which something was seen, and says of how many nothing was", () => {
    expect(verdictOf([line(true, 5), line(true, 0), line(null, 3)])).toEqual({
      text: "Every promise that was judged is kept (1). Of 1 other nothing was seen.",
      code: 0,
    });
    expect(verdictOf([line(true, 5), line(false, 5)])).toMatchObject({ text: "1 of 2 promises missed.", code: 1 });
    expect(verdictOf([line(true, 0), line(true, 0), line(null, 3)])).toEqual({
      text: "No promise was judged: nothing was seen of 2 promises.",
      code: 3,
    });
    expect(verdictOf([line(null, 3)]).code).toBe(0);
  });
});

describe("a figure over all lines", () => {
  const held: Figure = { table: 1, name: "interval of the p95", promised: [0.9, 1], within: "intervals" };
  const seen = (scenario: string, share: number, figures: number, figure = held): Seen => ({
    ...{ scenario, figure, runs: figures, share, se: figures === 0 ? NaN : 0.1, figures, kept: true },
  });

  it("weighs each line by its figures, and misses what all lines together show", () => {
    const [one] = overall([seen("a", 1, 30), seen("b", 0.5, 10), seen("c", NaN, 0)]);
    expect(one).toMatchObject({ scenario: "all lines", figure: { name: "intervals" }, figures: 40, runs: 40 });
    expect(one?.share).toBeCloseTo(0.875);
    const low = Array.from({ length: 40 }, (_, i) => seen(`line ${i}`, 0.8, 10));
    expect(overall(low)).toMatchObject([{ kept: false }]);
  });

  it("takes figures of one line for of the same runs: they show less than those of different lines", () => {
    const [same] = overall([seen("a", 0.9, 10), seen("a", 0.9, 10)]);
    const [apart] = overall([seen("a", 0.9, 10), seen("b", 0.9, 10)]);
    expect(same?.se).toBeCloseTo(0.1);
    expect(apart?.se).toBeCloseTo(0.1 / Math.SQRT2);
  });

  it("is not there where no line has one", () => {
    expect(overall([seen("a", 1, 10, { table: 1, name: "mean", promised: null })])).toEqual([]);
  });
});
