import { describe, expect, test } from "vitest";
import { lossNumber, lost } from "./loss.ts";
import { shapeArgs } from "./program.ts";

describe("which packets a link loses", () => {
  test("depends on the seed, the way and the packet's number alone", () => {
    const some = lost(7, 0, 0.02, 1000);
    expect(lost(7, 0, 0.02, 500)).toEqual(some.filter((n) => n < 500));
    expect(lost(7, 1, 0.02, 1000)).not.toEqual(some);
    expect(lost(8, 0, 0.02, 1000)).not.toEqual(some);
    // What a smaller share loses, a larger one loses too.
    expect(lost(7, 0, 0.1, 1000)).toEqual(expect.arrayContaining(some));
    // As the forwarder has lost them: a run of 28 November 2026.
    expect(lost(7, 0, 0.02, 10_000)).toHaveLength(207);
  });

  test("is the share that was asked for, as far as chance allows", () => {
    for (const share of [0.001, 0.05, 0.5]) {
      const n = 20_000;
      const sd = Math.sqrt(n * share * (1 - share));
      expect(Math.abs(lost(1, 0, share, n).length - n * share)).toBeLessThan(4 * sd);
    }
    expect(lost(1, 0, 0, 1000)).toEqual([]);
    expect([lossNumber(0), lossNumber(0.5)]).toEqual([0, 2 ** 31]);
  });
});

test("a shape is told in whole microseconds and bits a second", () => {
  expect(shapeArgs({ delayMs: 10, jitterMs: 0.5, mbit: 0.1, loss: 0.25, seed: 9 })).toEqual([
    ...["10000", "500", "100000", "1073741824", "9"],
  ]);
  expect(shapeArgs({ delayMs: 0, mbit: null })).toEqual(["0", "0", "0", "0", "0"]);
});
