import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectionKey } from "./cell.ts";
import { benchPlan, roundOrder } from "./cells.ts";

const spec = {
  placements: [
    { clientRole: "client", serverRole: "client" },
    { clientRole: "cloud", serverRole: "cloud" },
    { clientRole: "edge", serverRole: "edge" },
    { clientRole: "client", serverRole: "cloud" },
    { clientRole: "client", serverRole: "edge" },
  ],
  clientKinds: [
    { name: "probe", protocol: "grpc", input: "pixels" },
    { name: "rest", protocol: "rest", input: "pixels" },
  ] as const,
  modelsByRole: { client: ["ssd", "rfcn"], cloud: ["ssd", "rfcn"], edge: ["ssd"] },
  images: ["image-1", "image-2"],
  loads: [{ concurrency: 1, ratePerSecond: null }],
};

describe("the plan of a run", () => {
  it("has a cell for each placement, model of the server, client kind and image, each with a name of its own", () => {
    const cells = benchPlan(spec);
    expect(cells).toHaveLength((2 + 2 + 1 + 2 + 1) * 2 * 2);
    expect(new Set(cells.map((c) => c.id)).size).toBe(cells.length);
    expect(cells.filter((c) => c.serverRole === "edge" && c.model === "rfcn")).toEqual([]);
  });

  it("has a cell for each load, and says in its name what is not one call after the other", () => {
    const loads = [
      { concurrency: 1, ratePerSecond: null },
      { concurrency: 4, ratePerSecond: null },
      { concurrency: 8, ratePerSecond: 2.5 },
    ];
    const one = { ...spec, placements: spec.placements.slice(-1), images: ["image-1"], loads };
    expect(benchPlan(one).map((c) => c.id)).toEqual([
      "client>edge probe ssd image-1",
      "client>edge probe ssd image-1 x4",
      "client>edge probe ssd image-1 x8 2.5/s",
      "client>edge rest ssd image-1",
      "client>edge rest ssd image-1 x4",
      "client>edge rest ssd image-1 x8 2.5/s",
    ]);
  });

  it("names a connection by client machine, server machine and client kind", () => {
    expect(new Set(benchPlan(spec).map(connectionKey)).size).toBe(5 * 2);
  });

  it("orders a round by seed and round alone, and visits each cell once", () => {
    const cells = benchPlan(spec);
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

  it("orders the same round of neighbouring seeds in ways that have nothing in common", () => {
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
