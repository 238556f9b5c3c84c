import { describe, expect, it } from "vitest";
import { mean } from "../math/quantile.ts";
import { random } from "../math/random.ts";
import { ROUNDS_TO_TELL, cautionOf, isLasting, lastingSquare, lastingVariance, persistenceOf } from "./persistence.ts";

/** Series that go together from step to step, around their own means. */
function series(count: number, rounds: number, next: number, seed: number) {
  const stream = random(seed);
  return Array.from({ length: count }, () => {
    let x = stream.normal();
    const values = Array.from({ length: rounds }, () => (x = next * x + Math.sqrt(1 - next ** 2) * stream.normal()));
    const centre = mean(values);
    return new Map(values.map((v, round) => [round, v - centre]));
  });
}

describe("noise that lasts", () => {
  it("is seen with the correlation that it has, in short series, too", () => {
    for (const next of [0.3, 0.6, 0.8]) expect(persistenceOf(series(400, 12, next, 1))).toBeCloseTo(next, 0.9);
    expect(persistenceOf(series(400, 12, 0, 2))).toBeLessThan(0.05);
  });

  it("is not looked for in fewer rounds than show it", () => {
    expect(persistenceOf(series(400, ROUNDS_TO_TELL - 1, 0.9, 3))).toBe(0);
    expect(persistenceOf([])).toBe(0);
  });

  it("is surely there in series long enough to show it, and in one of twenty of those where it is not", () => {
    const shares = [0, 0.7].map((next) => {
      const tries = Array.from({ length: 300 }, (_, i) => isLasting(series(3, 20, next, 100 + i)));
      return tries.filter(Boolean).length / tries.length;
    });
    expect(shares[0]).toBeLessThan(0.1);
    expect(shares[1]).toBeGreaterThan(0.9);
    expect(isLasting(series(400, ROUNDS_TO_TELL - 1, 0.9, 3))).toBe(false);
  });

  it("makes nothing be decided by intervals that are too narrow for it", () => {
    // By hand: three rounds, each going together with the next by .75: (3 + 4 x .75 + 2 x .5625) / 9 = .7917; (1 - 1/3) / (1 - .7917) = 3.2.
    expect(cautionOf(3, 0)).toBeCloseTo(3 * 0.7917 * 3.2, 1);
    expect(cautionOf(20, 0.9)).toBe(1);
  });

  // By hand: weights 1, 1 and 2 in rounds 0, 1 and 3: 1 + 1 + 4 + 2 (1 x .5 + 2 x .125 + 2 x .25)
  it("adds what weights of different rounds have in common", () => {
    const weights = new Map([
      [3, 2],
      [0, 1],
      [1, 1],
    ]);
    expect(lastingSquare(weights, 0.5)).toBeCloseTo(6 + 2 * (0.5 + 2 * 0.125 + 2 * 0.25), 12);
    expect(lastingSquare(weights, 0)).toBe(6);
  });

  it("makes a variance around a mean too low by as much as is given back", () => {
    const [rounds, next] = [10, 0.6];
    const seen = mean(
      series(4000, rounds, next, 4).map((s) => [...s.values()].reduce((sum, v) => sum + v ** 2, 0) / (rounds - 1)),
    );
    expect(seen * lastingVariance(rounds, next).factor).toBeCloseTo(1, 1);
    expect(lastingVariance(rounds, 0)).toEqual({ factor: 1, df: 1 });
  });
});
