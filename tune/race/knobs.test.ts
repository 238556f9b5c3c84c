import { describe, expect, it } from "vitest";
import { play } from "../testing/play.ts";
import { type Shaking, USUAL, armOf, speeds } from "../testing/worlds.ts";
import { knobEffects, outcome } from "./outcome.ts";
import { begin } from "./race.ts";
import { visitOf } from "./score.ts";
import type { Arm, PairedBlock, Purpose, RaceState } from "./types.ts";

const CALM: Shaking = { visit: 0.01, drift: 0.02, lasts: 0.9, disturbed: 0 };
const threadsOf = (id: string) => Math.log(Number(/threads (\d)/.exec(id)?.[1]));

/** A race of these arms with blocks of these scores. */
function raceOf(arms: readonly Arm[], blocks: readonly (readonly [Purpose, Readonly<Record<string, number>>])[]) {
  const visit = (arm: string, score: number) => ({
    ...{ arm, score, medianMs: 1, answeredPerSecond: 1, calls: 10, failures: 0, seconds: 1 },
  });
  const made = blocks.map(([purpose, scores]): PairedBlock => {
    const visits = Object.entries(scores).map(([arm, score]) => visit(arm, score));
    return { purpose, order: visits.map((v) => v.arm), visits };
  });
  return { ...begin(arms, { kind: "throughput" }, 1, { seconds: 1000 }), blocks: made };
}

describe("which knobs matter", () => {
  it("a knob that does nothing is reported without effect, one that does something with it", () => {
    const grid = ["off", "on"].flatMap((batching) =>
      [1, 2, 4].map((threads) => armOf({ threads, batching }, threads === 1 && batching === "off")),
    );
    const found = outcome(play(speeds(grid, threadsOf, 3, CALM), 200, 3));
    expect(found).toMatchObject({ kind: "winner" });
    expect(Object.fromEntries(found.knobs.map((k) => [k.knob, k.effect]))).toEqual({
      threads: "some",
      batching: "none",
    });
  });

  it("a knob that is tried by itself is looked at beside the rule, also where another arm has won", () => {
    const grid = [1, 2, 4].map((threads) => armOf({ threads, batching: "off" }, threads === 1));
    const alone = armOf({ threads: 1, batching: "on" }, false);
    const found = outcome(play(speeds([...grid, alone], threadsOf, 3, CALM), 200, 3));
    expect(found).toMatchObject({ kind: "winner", arm: "threads 4, batching off" });
    expect(found.knobs).toMatchObject([
      { knob: "threads", at: "threads 4, batching off", effect: "some" },
      { knob: "batching", at: "threads 1, batching off", effect: "none" },
    ]);
  });

  it("one whose effect differs from setting to setting has the effect that it has at the winner", () => {
    const grid = ["no", "yes"].flatMap((pin) =>
      [1, 2, 4].map((threads) => armOf({ threads, pin }, threads === 1 && pin === "no")),
    );
    const speed = (id: string) => threadsOf(id) + (id.includes("threads 4") && id.includes("yes") ? 0.05 : 0);
    for (const seed of [1, 2, 3, 4, 5]) {
      const found = outcome(play(speeds(grid, speed, seed, CALM), 300, seed));
      expect(found.knobs.find((k) => k.knob === "pin")?.effect, `seed ${seed}`).toBe("some");
    }
  });
});

describe("intervals of a knob's effect", () => {
  const two = [armOf({ pin: "no" }, true), armOf({ pin: "yes" }, false)];
  const [rule, other] = two.map((arm) => arm.id) as [string, string];

  it.each([3, 5, 10, 20])("after %d blocks they hold the truth in 92 to 98 of 100 races", (count) => {
    const races = 500;
    const truth = Math.exp(0.04);
    let held = 0;
    for (let seed = 1; seed <= races; seed++) {
      const world = speeds(two, (id) => (id === other ? 0.04 : 0), seed, USUAL);
      const score = (arm: string, time: number) => visitOf(world.visit(arm, time), world.objective).score as number;
      const block = (i: number) => ({ [rule]: score(rule, 2 * i), [other]: score(other, 2 * i + 1) });
      const state = raceOf(
        two,
        Array.from({ length: count }, (_, i) => ["race", block(i)]),
      );
      const most = knobEffects(state)[0]?.most;
      const [low, high] = [most?.interval?.low ?? NaN, most?.interval?.high ?? NaN];
      if (most?.better === "yes" ? low <= truth && truth <= high : low <= 1 / truth && 1 / truth <= high) held++;
    }
    const error = Math.sqrt((0.05 * 0.95) / races);
    expect(held / races).toBeGreaterThan(0.92 - 2.6 * error);
    expect(held / races).toBeLessThan(0.98 + 2.6 * error);
  });

  const known = (state: RaceState) => knobEffects(state).map(({ effect, why }) => ({ effect, why }));
  const alike = { [rule]: 0, [other]: 0.02 };

  it("there is none before three blocks have both settings, and the reason is told", () => {
    const few = "fewer than 3 blocks have both settings";
    expect(known(raceOf(two, [["race", { [rule]: 0 }]]))).toEqual([{ effect: "open", why: few }]);
    expect(known(raceOf(two, [["race", alike]]))).toEqual([{ effect: "open", why: few }]);
    expect(knobEffects(raceOf(two, [["race", alike]]))[0]?.most).toMatchObject({ interval: null });
    const varied = [0, 0.05, -0.03].map((by) => ["race", { [rule]: by, [other]: 0.02 }] as const);
    const why = "too few blocks to tell whether it makes 3 %";
    expect(known(raceOf(two, varied))).toEqual([{ effect: "open", why }]);
  });

  it("of a winner's knobs they rest on blocks after the race alone: it was chosen because it was lucky there", () => {
    const grid = [armOf({ threads: 1, pin: "no" }, true), armOf({ threads: 4, pin: "no" }, false)];
    const twin = armOf({ threads: 4, pin: "yes" }, false);
    const [one, four] = grid.map((arm) => arm.id) as [string, string];
    const wobble = (i: number) => 0.004 * Math.sin(7 * i);
    const many = <const P extends Purpose>(purpose: P, count: number, scores: (i: number) => Record<string, number>) =>
      Array.from({ length: count }, (_, i) => [purpose, scores(i)] as const);
    const before = [
      ...many("race", 4, (i) => ({ [one]: 0, [four]: 0.5 + wobble(i), [twin.id]: 0.47 + wobble(i + 1) })),
      ...many("confirm", 12, (i) => ({ [one]: 0, [four]: 0.5 + wobble(i) })),
    ];
    const pinOf = (state: RaceState) => knobEffects(state).find((k) => k.knob === "pin");
    const raced = pinOf(raceOf([...grid, twin], before));
    expect(raced).toMatchObject({ at: four, most: { interval: null } });
    expect(raced?.why).toBe("fewer than 3 blocks after the race have both settings");
    const after = many("explain", 3, (i) => ({ [four]: 0.5, [twin.id]: 0.5 + wobble(i) }));
    const { most } = pinOf(raceOf([...grid, twin], [...before, ...after])) ?? {};
    expect(most?.interval?.low).toBeLessThan(1);
    expect(most?.interval?.high).toBeGreaterThan(1);
  });
});
