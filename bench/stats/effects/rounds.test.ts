import { describe, expect, it } from "vitest";
import { intervalOf } from "../math/estimate.ts";
import { random } from "../math/random.ts";
import { meanOverRounds } from "./rounds.ts";
import { dataOf, coverageOf } from "../../testing/studies.ts";

const figure = (v: { readonly medianMs: number }) => v.medianMs;

describe("an average over cells, rounds as clusters", () => {
  // By hand: rounds' means 2, 4, 6 (cells 1, 3, 5 and 3, 5, 7): mean 4, standard error 2 / sqrt(3), 2 degrees of freedom.
  it("has the error of its rounds' means where every cell was visited in every round", () => {
    const e = meanOverRounds([dataOf("a", [[1], [3], [5]]), dataOf("b", [[3], [5], [7]])], figure);
    expect(e.value).toBeCloseTo(4, 12);
    expect(e.se).toBeCloseTo(2 / Math.sqrt(3), 12);
    expect(e.df).toBeCloseTo(2, 12);
  });

  it("has no error where no cell was visited twice", () => {
    expect(meanOverRounds([dataOf("a", [[1]]), dataOf("b", [[3]])], figure)).toMatchObject({
      value: 2,
      df: 0,
      se: NaN,
    });
  });

  // By hand: cell a tells of a variance of 2 around its own level, b brings as much: (2 / 2 + 2) / 4, one degree of freedom.
  it("takes a cell that was visited once to be as noisy as those that were visited twice", () => {
    const e = meanOverRounds([dataOf("a", [[1], [3]]), dataOf("b", [[3]])], figure);
    expect(e.value).toBeCloseTo(2.5, 12);
    expect(e.se).toBeCloseTo(Math.sqrt(3) / 2, 12);
    expect(e.df).toBeCloseTo(1, 12);
  });

  // 400 trials: two Monte-Carlo errors of .95 are .022.
  it("covers the truth where one cell of many was visited once, and where half of them were", () => {
    const stream = random(32);
    for (const once of [1, 10]) {
      const intervals = Array.from({ length: 400 }, () => {
        const shifts = Array.from({ length: 3 }, () => 0.05 * stream.normal());
        const cells = Array.from({ length: 20 }, (_, c) =>
          dataOf(
            String(c),
            shifts.slice(0, c < once ? 1 : 3).map((s) => [10 + c + s + 0.05 * stream.normal()]),
          ),
        );
        return intervalOf(meanOverRounds(cells, figure));
      });
      const coverage = coverageOf(intervals, 10 + 19 / 2);
      expect(coverage).toBeGreaterThan(0.925);
      expect(coverage).toBeLessThan(0.985);
    }
  });

  // 500 trials: two Monte-Carlo errors of .95 are .019. Rounds shift all 40 cells alike: taken for independent, the cells
  // would make the interval six times too narrow.
  it("covers the truth as often as it says, whatever the cells of a round have in common", () => {
    const stream = random(31);
    const intervals = Array.from({ length: 500 }, () => {
      const shifts = Array.from({ length: 5 }, () => 0.1 * stream.normal());
      const cells = Array.from({ length: 40 }, (_, c) =>
        dataOf(
          String(c),
          shifts.map((s) => [10 + c + s + 0.05 * stream.normal()]),
        ),
      );
      return intervalOf(meanOverRounds(cells, figure));
    });
    const coverage = coverageOf(intervals, 10 + 39 / 2);
    expect(coverage).toBeGreaterThan(0.925);
    expect(coverage).toBeLessThan(0.975);
  });
});
