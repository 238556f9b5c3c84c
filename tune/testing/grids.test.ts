import { describe, expect, it } from "vitest";
import { outcome } from "../race/outcome.ts";
import type { Objective, RaceState } from "../race/types.ts";
import type { Tuning } from "../state.ts";
import { type Grid, gridWorld, tableOf, tableText, tables } from "./grids.ts";
import { play, regret } from "./play.ts";
import { type World, plainArms, speeds } from "./worlds.ts";

const tuningOf = (race: RaceState): Tuning => ({
  ...{ schema: "lathe.tuning/1", id: "2026-11-28T05-00-00Z", stack: "edge", server: "edge", only: null, race },
  found: { image: "10.0.0.2:5000/r/x@sha256:0", model: "ssd", cpus: "0-3", client: "probe", photograph: "image-7" },
  load: { mode: "closed-loop", concurrency: 4 },
  plan: { blockMs: 2000, leadIn: 0, calls: 20, timeoutMs: 5000 },
});

/** A machine whose arms are up to 20 % faster or slower than the rule; one of them kills the server, others take long to start. */
function machine(seed: number, objective: Objective = { kind: "throughput" }): World {
  const world = speeds(plainArms(14), (arm) => 3 + 0.2 * Math.sin(Number(arm.slice(9))), seed);
  const visit = (arm: string, time: number) => {
    const block = world.visit(arm, time);
    const cpuSeconds = 1 / block.answeredPerSecond;
    return {
      ...{ ...block, cpuSeconds, seconds: arm === "variant v5" ? 3 : 1 },
      ...(arm === "variant v9" ? { latenciesMs: [], killed: "out of memory" } : {}),
    };
  };
  return { ...world, objective, visit };
}

const kept = (world: World, seed: number): Grid =>
  JSON.parse(tableText(tableOf(tuningOf(play(world, Infinity, seed, 20))))) as Grid;

describe("a grid that was measured, as a world", () => {
  const table = kept(machine(1), 1);

  it("its file has all that was measured and with what, one arm or block in a line", () => {
    expect(table).toMatchObject({
      rounds: 20,
      provenance: { model: "ssd", image: "r/x@sha256:0", load: { concurrency: 4 } },
    });
    expect(table.arms.map(({ isRule }) => isRule).indexOf(true)).toBe(0);
    expect(table.arms[9]).toMatchObject({ killed: "out of memory", medianMs: null, settings: { variant: "v9" } });
    const text = tableText(table);
    expect(text.split("\n").length).toBeLessThan(table.arms.length + table.blocks.length + 60);
    expect(JSON.parse(text)).toEqual(table);
  });

  it("has the truth that the grid has shown, and visits that vary as those of the grid", () => {
    const world = gridWorld(table, 1);
    const of = (w: World, i: number) =>
      (w.truth.get(w.arms[i]?.id ?? "") ?? NaN) - (w.truth.get(w.arms[0]?.id ?? "") ?? NaN);
    for (const i of [1, 2, 5, 8]) expect(of(world, i)).toBeCloseTo(of(machine(1), i), 1);
    expect(regret(world, world.arms[9]?.id ?? "")).toBe(1);
    const again = play(world, Infinity, 2, 20);
    const spread = (state: RaceState) => {
      const scores = state.blocks.flatMap((b) =>
        b.visits.flatMap((v) => (v.arm === state.arms[0]?.id ? (v.score ?? []) : [])),
      );
      const mid = scores.reduce((sum, s) => sum + s, 0) / scores.length;
      return Math.sqrt(scores.reduce((sum, s) => sum + (s - mid) ** 2, 0) / (scores.length - 1));
    };
    const first = spread(play(machine(1), Infinity, 1, 20));
    expect(spread(again) / first).toBeGreaterThan(0.6);
    expect(spread(again) / first).toBeLessThan(1.6);
  });

  it("visits take as long as they took there, and a setting that killed its server does so again", () => {
    const world = gridWorld(table, 1);
    const [usual, slow, dead] = [1, 5, 9].map((i) => world.visit(world.arms[i]?.id ?? "", 0));
    expect((slow?.seconds ?? 0) / (usual?.seconds ?? 1)).toBeCloseTo(3, 1);
    expect(dead?.killed).toBe("out of memory");
  });

  it.each([
    { kind: "throughput" },
    { kind: "latency" },
    { kind: "cost" },
    { kind: "percentile", percentile: 95, boundMs: 50, ratePerSecond: 5 },
  ] as const)("a race for $kind in it comes near to the grid's best arm", (objective) => {
    const own = kept(machine(2, objective), 2);
    for (const seed of [1, 2, 3]) {
      const world = gridWorld(own, seed);
      const found = outcome(play(world, 300, seed));
      expect(regret(world, found.kind === "winner" ? found.arm : (world.arms[0]?.id ?? ""))).toBeLessThanOrEqual(0.03);
    }
  });

  it("a race, or a grid that is not complete, is refused with what to type", () => {
    expect(() => tableOf(tuningOf(play(machine(1), 60, 1)))).toThrow(/a race[^]*--grid 30/);
    expect(() => tableOf(tuningOf(play(machine(1), 60, 1, 20)))).toThrow(/not complete[^]*--resume/);
  });

  it("the tables that are kept can all be read, and each has one rule", () => {
    for (const [name, { arms, blocks }] of tables()) {
      expect(
        arms.filter((arm) => arm.isRule),
        name,
      ).toHaveLength(1);
      expect(
        blocks.every((b) => b.arms.length === b.scores.length),
        name,
      ).toBe(true);
    }
  });
});
