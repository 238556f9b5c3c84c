import { describe, expect, it } from "vitest";
import { random } from "../../bench/stats/math/random.ts";
import { play } from "../testing/play.ts";
import { THROUGHPUT, type World, armOf, plainArms, speeds } from "../testing/worlds.ts";
import { gridVisits } from "./grid.ts";
import { outcome, statuses } from "./outcome.ts";
import { begin, next, observe, resume } from "./race.ts";
import type { Block, RaceState } from "./types.ts";

const RULE = "variant v0";
const BUDGET = { seconds: 1e6 };
const start = (arms: number, rounds: number, seed = 1, budget = BUDGET) =>
  begin(plainArms(arms), THROUGHPUT, seed, budget, rounds);

/** Makes so many visits, or all. Each answers 100 a second, with a little noise. */
function run(state: RaceState, visits: number, block: (arm: string) => Partial<Block> = () => ({})): RaceState {
  const noise = random(state.seed);
  for (let i = 0; i < visits; i++) {
    const due = next(state);
    if (due.kind === "done") break;
    const arm = due.arms[0] as string;
    const answeredPerSecond = 100 * Math.exp(0.01 * noise.normal());
    state = observe(state, { arm, latenciesMs: [10], answeredPerSecond, failures: 0, seconds: 1, ...block(arm) });
  }
  return state;
}

const all = (state: RaceState) => state.blocks.flatMap((b) => b.visits.map((v) => v.arm));
const timesOf = (state: RaceState, arm: string) => all(state).filter((a) => a === arm).length;

describe("the course of a grid", () => {
  it.each([
    [2, 4],
    [3, 2],
    [6, 3],
    [7, 3],
    [12, 5],
    [49, 2],
  ])(
    "visits each of %d arms once in each of %d rounds, in blocks of two to six that all have the rule",
    (arms, rounds) => {
      const state = run(start(arms, rounds), 1e4);
      expect(next(state).kind).toBe("done");
      for (const { id } of state.arms.slice(1)) expect(timesOf(state, id), id).toBe(rounds);
      for (const { order, purpose } of state.blocks) {
        expect(purpose).toBe("grid");
        expect(order).toContain(RULE);
        expect(new Set(order).size).toBe(order.length);
        expect(order.length).toBeGreaterThanOrEqual(2);
        expect(order.length).toBeLessThanOrEqual(6);
      }
      const sizes = state.blocks.map((b) => b.order.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(all(state)).toHaveLength(gridVisits(state));
      // After each round every arm has been visited as often.
      const perRound = state.blocks.length / rounds;
      for (let round = 1; round <= rounds; round++) {
        const visits = all({ ...state, blocks: state.blocks.slice(0, round * perRound) });
        expect(new Set(state.arms.slice(1).map(({ id }) => visits.filter((v) => v === id).length))).toEqual(
          new Set([round]),
        );
      }
    },
  );

  it("is in an order of its own in each round and for each seed", () => {
    const orders = [1, 2, 3].flatMap((seed) => {
      const visits = all(run(start(12, 2, seed), 1e4)).filter((arm) => arm !== RULE);
      return [visits.slice(0, 11).join(), visits.slice(11).join()];
    });
    expect(new Set(orders).size).toBe(6);
  });

  it("drops no arm because it is slow", () => {
    const state = run(start(6, 6), 1e4, (arm) => (arm === "variant v3" ? { answeredPerSecond: 1 } : {}));
    expect(timesOf(state, "variant v3")).toBe(6);
    expect(statuses(state).map((s) => s.state)).not.toContain("dropped");
  });

  it.each([
    ["kills its server", { killed: "out of memory" }, 1, "killed"],
    ["answers nothing", { latenciesMs: [], answeredPerSecond: 0, failures: 1 }, 2, "dropped"],
  ])("an arm that %s is out, and the others are visited in all rounds", (_, fault, visits, out) => {
    const state = run(start(7, 4), 1e4, (arm) => (arm === "variant v3" ? fault : {}));
    expect(timesOf(state, "variant v3")).toBe(visits);
    expect(statuses(state).find((s) => s.arm.id === "variant v3")?.state).toBe(out);
    for (const arm of ["variant v1", "variant v2", "variant v6"]) expect(timesOf(state, arm)).toBe(4);
    expect(outcome(state).kind).toBe("as-good");
  });

  it.each([1, 5, 6, 9, 23])(
    "that is killed after %d visits goes on, and is complete as if it had not been",
    (visits) => {
      const saved = JSON.parse(JSON.stringify(run(start(7, 4), visits))) as RaceState;
      const state = run(resume(saved), 1e4);
      expect(next(state).kind).toBe("done");
      for (const { id } of state.arms.slice(1)) expect(timesOf(state, id), id).toBe(4);
    },
  );

  it("that is killed in the block in which an arm died makes the rest of that block anew, without the arm", () => {
    const dies = (arm: string) => (arm === "variant v3" ? { killed: "out of memory" } : {});
    for (let visits = 1; visits < 14; visits++) {
      const state = run(resume(run(start(7, 4), visits, dies)), 1e4, dies);
      for (const { id } of state.arms.slice(1))
        expect(timesOf(state, id), `${id}, ${visits}`).toBe(id === "variant v3" ? 1 : 4);
    }
  });

  it("keeps its budget, and says that it is not complete", () => {
    const state = run(start(6, 20, 1, { seconds: 30 }), 1e4);
    expect(all(state).length).toBeLessThanOrEqual(31);
    expect(outcome(state)).toMatchObject({ kind: "inconclusive", why: /budget ended/ });
  });

  it("ends where the rule's own server fails, and no arm has won", () => {
    const state = run(start(6, 20), 1e4, (arm) => (arm === RULE ? { killed: "hangs" } : {}));
    expect(state.blocks).toHaveLength(3);
    expect(outcome(state)).toMatchObject({ kind: "inconclusive", why: /rule's own settings/ });
  });

  it("has no winner before it is complete, however clear that may be", () => {
    const fast = (arm: string) => (arm === "variant v3" ? { answeredPerSecond: 900 } : {});
    const whole = gridVisits(start(6, 20));
    for (const visits of [whole / 2, whole - 1])
      expect(outcome(run(start(6, 20), visits, fast))).toMatchObject({
        kind: "inconclusive",
        best: { arm: "variant v3" },
      });
    expect(outcome(run(start(6, 20), whole, fast))).toMatchObject({ kind: "winner", arm: "variant v3" });
  });
});

describe("what a grid says", () => {
  const grid = (world: World, seed: number, rounds = 30) => play(world, Infinity, seed, rounds);
  const SEEDS = Array.from({ length: 50 }, (_, i) => i + 1);

  it("in nearly all grids of equal arms the rule is as good, and all intervals together hold the truth", () => {
    const states = SEEDS.map((seed) =>
      grid(
        speeds(plainArms(12), () => 0, seed),
        seed,
      ),
    );
    expect(states.filter((state) => outcome(state).kind === "as-good").length).toBeGreaterThanOrEqual(47);
    const held = states.filter((state) =>
      statuses(state).every(
        ({ gain }) => gain?.interval == null || (gain.interval.low <= 1 && 1 <= gain.interval.high),
      ),
    );
    expect(held.length).toBeGreaterThanOrEqual(45);
  });

  it("finds an arm that is 5 % better, and its interval holds the truth although it is the best of many", () => {
    const found = SEEDS.map((seed) =>
      outcome(
        grid(
          speeds(plainArms(12), (arm) => (arm.endsWith("v7") ? Math.log(1.05) : 0), seed),
          seed,
        ),
      ),
    );
    const won = found.flatMap((o) => (o.kind === "winner" && o.arm === "variant v7" ? [o] : []));
    expect(won.length).toBeGreaterThanOrEqual(47);
    expect(won[0]).toMatchObject({ bestOf: 11, freshBlocks: 0, restarted: null });
    const held = won.filter(({ gain: { interval: i } }) => i !== null && i.low <= 1.05 && 1.05 <= i.high);
    expect(held.length).toBeGreaterThanOrEqual(won.length * 0.9);
  });

  it("two rounds of a noisy machine tell nothing, and it says so", () => {
    const noisy = { visit: 0.1, drift: 0.03, lasts: 0.9, disturbed: 0 };
    const state = grid(
      speeds(plainArms(6), () => 0, 1, noisy),
      1,
      2,
    );
    expect(outcome(state)).toMatchObject({ kind: "inconclusive", why: expect.stringContaining("2 rounds") as string });
  });

  it("a knob whose interval shows that it matters is said to matter: a grid is looked at once", () => {
    const noisy = { visit: 0.15, drift: 0, lasts: 0.9, disturbed: 0 };
    for (const seed of [1, 2, 3, 4, 5]) {
      const found = outcome(
        grid(
          speeds(plainArms(2), (arm) => (arm.endsWith("v1") ? 1 : 0), seed, noisy),
          seed,
          5,
        ),
      );
      expect(found).toMatchObject({ kind: "winner", knobs: [{ knob: "variant", effect: "some" }] });
    }
  });

  it("looks at knobs at the rule's settings: what won was lucky in every block", () => {
    const arms = ["off", "on"].flatMap((batching) =>
      [1, 2, 4].map((threads) => armOf({ threads, batching }, threads === 1 && batching === "off")),
    );
    const found = outcome(
      grid(
        speeds(arms, (id) => Math.log(Number(/threads (\d)/.exec(id)?.[1])), 3),
        3,
      ),
    );
    expect(found.knobs).toMatchObject([
      { knob: "threads", at: "threads 1, batching off", effect: "some" },
      { knob: "batching", at: "threads 1, batching off", effect: "none" },
    ]);
  });
});
