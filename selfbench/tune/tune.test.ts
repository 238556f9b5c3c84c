import { describe, expect, it } from "vitest";
import { CASES, type Case } from "./cases.ts";
import { racesOf } from "./command.ts";
import { climbOrder, gridOrder, raceTrace, traceOf, visitsNeeded } from "./contenders.ts";

const caseOf = (name: string) => CASES.find((c) => c.name === name) as Case;

describe("races in worlds whose truth is known", () => {
  // A small part of `npm run bench:tune`: seeded, so that what is seen is the same each time.
  it.each([
    "sweep, MobileNetV2",
    "sweep, ResNet-50",
    "sweep, MobileNetV2, latency",
    "one of 12 arms is 5 % better",
    "one of 12 arms is good only at times",
    "12 equal arms",
  ])("%s: keep what is promised", (name) => {
    for (const seen of racesOf(caseOf(name), 4).seen) expect(seen.kept, `${seen.goal}: ${seen.share}`).toBe(true);
  });

  it("the race of a sweep ends within a tenth of the grid's visits", () => {
    const { length } = racesOf(caseOf("sweep, ResNet-50"), 4);
    expect(length.nineTenths).toBeLessThanOrEqual(length.gridVisits / 10);
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
