import { describe, expect, it } from "vitest";
import { random } from "../stats/math/random.ts";
import { type Counted, shareTest } from "./share.ts";

/** Visits of one cell, a round each. */
const visits = (...slow: number[]): Counted[] => slow.map((s, round) => ({ cell: "a", round, n: 20, slow: s }));

describe("whether a share of calls is kept", () => {
  it("is the exact binomial test where calls are independent", () => {
    // R: pbinom(0, 80, 0.05); and 1 - pbinom(9, 100, 0.05), 100 calls of which ten are slow, evenly.
    expect(shareTest(visits(0, 0, 0, 0), 0.05).pHolds).toBeCloseTo(0.95 ** 80, 10);
    expect(shareTest(visits(0, 0, 0, 0), 0.05).pBroken).toBe(1);
    const { n, slow } = shareTest(visits(2, 2, 2, 2, 2), 0.05);
    expect([n, slow]).toEqual([100, 10]);
  });

  it("is known less surely where the slow calls are of one round", () => {
    const spread = shareTest(visits(2, 2, 2, 2, 2, 2, 2, 2), 0.05);
    const together = shareTest(visits(16, 0, 0, 0, 0, 0, 0, 0), 0.05);
    expect(spread.slow).toBe(together.slow);
    expect(spread.pBroken).toBeLessThan(0.025);
    expect(together.pBroken).toBeGreaterThan(0.1);
  });

  it("does not take what differs between images for noise", () => {
    const two = (a: number, b: number) =>
      Array.from({ length: 6 }, (_, round) => [
        { cell: "a", round, n: 20, slow: a },
        { cell: "b", round, n: 20, slow: b },
      ]).flat();
    // All of one image is slow and nothing of the other, in every round: that is no chance.
    expect(shareTest(two(20, 0), 0.4).pBroken).toBeLessThan(0.025);
  });

  it("counts calls that failed as slow", () => {
    expect(shareTest(visits(0, 0, 0, 0), 0.05, 20)).toMatchObject({ n: 100, slow: 20 });
    expect(shareTest(visits(0, 0, 0, 0), 0.05, 20).pBroken).toBeLessThan(0.001);
  });

  it("is said to be broken in at most about one of forty runs in which it is just kept, visits being alike or not", () => {
    const stream = random(7);
    const wrong = (spread: number) => {
      let broken = 0;
      for (let run = 0; run < 400; run++) {
        const own = Array.from({ length: 8 }, (_, round) => {
          const share = Math.min(1, Math.max(0, 0.1 + spread * stream.normal()));
          const slow = Array.from({ length: 20 }, () => stream.below(10_000) < 10_000 * share).filter(Boolean).length;
          return { cell: "a", round, n: 20, slow };
        });
        if (shareTest(own, 0.1).pBroken <= 0.025) broken += 1;
      }
      return broken / 400;
    };
    // 0.025, and three standard deviations of 400 runs.
    for (const spread of [0, 0.03]) expect(wrong(spread)).toBeLessThan(0.05);
  });
});
