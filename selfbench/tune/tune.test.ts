import { describe, expect, it } from "vitest";
import { CASES, type Case } from "./cases.ts";
import { racesOf } from "./command.ts";
import { climbOrder, gridOrder, raceTrace, traceOf, visitsNeeded } from "./contenders.ts";

const caseOf = (name: string) => CASES.find((c) => c.name === name) as Case;

describe("races in worlds whose truth is known", () => {
  // A small part of `npm run bench:tune`: seeded, so that what is seen is the same each time.
  it.each([
    ["sweep, MobileNetV2", 2],
    ["sweep, ResNet-50", 2],
    ["sweep, MobileNetV2, latency", 2],
    ["synthetic, 8 cores", 10],
    ["one of 12 arms is 5 % better", 2],
    ["one of 12 arms is good only at times", 2],
    ["12 equal arms", 2],
    ["exhaustive: one of 12 arms is 5 % better", 20],
    ["exhaustive: one of 12 arms is good only at times", 10],
    ...CASES.filter(({ name }) => name.startsWith("grid of ")).map(({ name }): [string, number] => [name, 2]),
  ])("%s: keep what is promised", (name, seeds) => {
    const { seen, length } = racesOf(caseOf(name), seeds);
    for (const { kept, goal, share } of seen) expect(kept, `${goal}: ${share}`).toBe(true);
    if (name.startsWith("sweep")) expect(length.nineTenths).toBeLessThanOrEqual(length.gridVisits / 10);
  });

  it("when there is no time for more, the tables say how many races there were", () => {
    const { seen } = racesOf(caseOf("sweep, MobileNetV2"), 1000, () => true);
    expect(new Set(seen.map(({ races }) => races))).toEqual(new Set([1]));
  });
});

describe("what the race is compared with", () => {
  const world = caseOf("sweep, MobileNetV2").world(1);

  it("the grid visits every arm once in a round, and finds the best in time", () => {
    const order = gridOrder(world, 49 * 4, 1);
    expect(new Set(order.slice(0, 49)).size).toBe(49);
    expect(visitsNeeded([world], [traceOf(world, order)])).not.toBeNull();
  });

  it("hill climbing visits no arm twice before it has visited all", () => {
    const order = climbOrder(world, 49, 1);
    expect(new Set(order).size).toBe(49);
    expect(order[0]).toBe(world.arms.find((arm) => arm.isRule)?.id);
  });

  it("visits are needed until a search stays near the best arm", () => {
    const best = [...world.truth].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    const rule = order0();
    expect(visitsNeeded([world], [[rule, best, rule, best, best]])).toBe(4);
    expect(visitsNeeded([world], [[best, rule]])).toBeNull();
    expect(visitsNeeded([world], [raceTrace(world, 98, 1)])).toBeLessThan(98);
  });

  const order0 = () => climbOrder(world, 1, 1)[0] as string;
});
