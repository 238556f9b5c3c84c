import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsOf } from "../testing/cells.ts";
import { roundOrder } from "./round-order.ts";

describe("the order of a round", () => {
  it("is made by seed and round alone, and has each cell once", () => {
    const cells = cellsOf({
      placements: [
        ["client", "client"],
        ["client", "edge"],
      ],
      models: ["ssd", "rfcn"],
      clients: ["probe", "rest"],
      images: ["image-1", "image-2"],
    });
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 1000 }), (seed, round) => {
        const order = roundOrder(cells, seed, round);
        expect(new Set(order)).toEqual(new Set(cells));
        expect(order).toHaveLength(cells.length);
        expect(roundOrder(cells, seed, round)).toEqual(order);
      }),
    );
    expect(roundOrder(cells, 1, 0)).not.toEqual(roundOrder(cells, 1, 1));
    expect(roundOrder(cells, 1, 0)).not.toEqual(roundOrder(cells, 2, 0));
  });

  it("visits a block's cells together, in an order of blocks that changes from round to round, whatever their sizes", () => {
    const items = Array.from({ length: 30 }, (_, i) => ({
      i,
      block: i < 24 ? "large" : i < 28 ? "small" : `own ${i}`,
    }));
    const order = (round: number) => roundOrder(items, 1, round, (item) => item.block);
    const runs = (round: number) => order(round).filter((item, at, all) => item.block !== all[at - 1]?.block);
    let largeFirst = 0;
    for (let round = 0; round < 400; round++) {
      expect(order(round).toSorted((a, b) => a.i - b.i)).toEqual(items);
      expect(runs(round)).toHaveLength(4);
      if (runs(round)[0]?.block === "large") largeFirst++;
    }
    // A quarter of the rounds, and far from nearly all.
    expect(largeFirst).toBeGreaterThan(50);
    expect(largeFirst).toBeLessThan(150);
    expect(order(0)).not.toEqual(order(1));
  });

  it("has nothing in common with that of the same round of a neighbouring seed", () => {
    const items = [0, 1, 2, 3, 4];
    const seeds = 5000;
    let same = 0;
    for (let seed = 0; seed < seeds; seed++)
      if (roundOrder(items, seed, 0)[0] === roundOrder(items, seed + 1, 0)[0]) same++;
    expect(Math.abs(same - seeds / 5)).toBeLessThan(142);
  });

  it("puts every cell at every place of the round about equally often", () => {
    const items = [0, 1, 2, 3, 4];
    const rounds = 5000;
    const counts = items.map(() => items.map(() => 0));
    for (let round = 0; round < rounds; round++)
      roundOrder(items, 7, round).forEach((item, place) => ((counts[place] as number[])[item] as number)++);
    // Binomial(5000, 1/5): standard deviation 28; five of them either way.
    for (const row of counts) for (const count of row) expect(Math.abs(count - rounds / 5)).toBeLessThan(142);
  });
});
