import { describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { armOf, plainArms } from "../testing/worlds.ts";
import { contrasts } from "./estimate/contrasts.ts";
import { outcome, statuses } from "./outcome.ts";
import { begin, next, observe, resume } from "./race.ts";
import { visitOf } from "./score.ts";
import type { Block, RaceState } from "./types.ts";

const BUDGET = { seconds: 60 };
const arms = plainArms(4);
const RULE = "variant v0";
const start = () => begin(arms, { kind: "throughput" }, 1, BUDGET);

/** Measures what the race asks for until it has so many visits, or ends. */
function run(state: RaceState, visits: number, block: (arm: string, time: number) => Partial<Block>): RaceState {
  for (let time = 0; time < visits; time++) {
    const due = next(state);
    if (due.kind === "done") return state;
    const arm = due.arms[0] as string;
    const usual = { arm, latenciesMs: [10, 11, 12], answeredPerSecond: 100, failures: 0, seconds: 1 };
    state = observe(state, { ...usual, ...block(arm, time) });
  }
  return state;
}

const wobble = (time: number) => 1 + 0.01 * Math.sin(7 * time);

describe("the course of a race", () => {
  it("measures the rule in every block, each arm of a block once, in an order that the seed decides", () => {
    const state = run(start(), 30, (_, time) => ({ answeredPerSecond: 100 * wobble(time) }));
    expect(state.blocks.length).toBeGreaterThan(3);
    for (const { order } of state.blocks) {
      expect(order).toContain(RULE);
      expect(new Set(order).size).toBe(order.length);
    }
    const orders = [1, 2, 3, 4, 5].map((seed) => next(begin(arms, { kind: "throughput" }, seed, BUDGET)));
    expect(new Set(orders.map((o) => JSON.stringify(o))).size).toBeGreaterThan(1);
  });

  it("goes on from its saved state as if it had never stopped", () => {
    const rate = (_: string, time: number) => ({ answeredPerSecond: 100 * wobble(time) });
    const saved = JSON.parse(JSON.stringify(run(start(), 13, rate))) as RaceState;
    expect(next(saved)).toEqual(next(run(start(), 13, rate)));
  });

  it("does not compare arms across a pause: the block that was begun is measured anew, without an arm that was killed in it", () => {
    const before = start();
    const first = next(before);
    if (first.kind === "done") throw new Error("over");
    const victim = first.arms.find((arm) => arm !== RULE) as string;
    const upTo = first.arms.indexOf(victim) + 1;
    const half = run(before, upTo, (arm) => (arm === victim ? { killed: "out of memory" } : {}));
    const resumed = resume(half);
    expect(resumed.open).toBeNull();
    const again = next(resumed);
    expect(again.kind === "done" ? [] : again.arms).not.toContain(victim);
    expect(statuses(resumed).find((s) => s.arm.id === victim)).toMatchObject({ state: "killed", blocks: 1 });
  });

  it("refuses a visit that it did not ask for, and arms without one rule or with one thing twice", () => {
    const visit = { arm: "no arm", latenciesMs: [1], answeredPerSecond: 1, failures: 0, seconds: 1 };
    expect(() => observe(start(), visit)).toThrow(UserError);
    const twice = [armOf({ a: 1, b: 2 }, true), { ...armOf({ b: 2, a: 1 }, true), id: "again" }];
    expect(() => begin(twice, { kind: "latency" }, 1, BUDGET)).toThrow(/is the rule, not 2[^]*one arm that has them/);
    expect(() => begin([], { kind: "latency" }, 1, BUDGET)).toThrow(/one arm is the rule, not 0/);
  });

  it("keeps its budget, whatever visits take", () => {
    for (const seconds of [0.5, 1, 7]) {
      const state = run(start(), 500, (_, time) => ({ seconds, answeredPerSecond: 100 * wobble(time) }));
      expect(next(state).kind).toBe("done");
      expect(outcome(state).secondsUsed).toBeLessThanOrEqual(BUDGET.seconds + seconds);
    }
  });
});

describe("arms that fail", () => {
  it.each([
    ["kills the server", { killed: "killed: out of memory" }, "killed"],
    ["answers nothing", { latenciesMs: [], answeredPerSecond: 0, failures: 10 }, "dropped"],
    ["fails one call in four", { failures: 1, answeredPerSecond: 900 }, "dropped"],
  ])("one that %s is out, and the race finds the best of the others", (_, fault, state) => {
    const rates: Record<string, number> = { "variant v2": 150 };
    const ended = run(start(), 500, (arm, time) => ({
      answeredPerSecond: (rates[arm] ?? 100) * wobble(time),
      ...(arm === "variant v1" ? fault : {}),
    }));
    expect(statuses(ended).find((s) => s.arm.id === "variant v1")?.state).toBe(state);
    expect(outcome(ended)).toMatchObject({ kind: "winner", arm: "variant v2" });
  });

  it("a rule that is killed again and again ends the race, and no arm has won", () => {
    const ended = run(start(), 500, (arm) => (arm === RULE ? { killed: "hangs" } : {}));
    expect(outcome(ended)).toMatchObject({ kind: "inconclusive", why: /rule's own settings/ });
  });
});

describe("what is better", () => {
  const block = { arm: "a", latenciesMs: [10, 20, 30, 40], answeredPerSecond: 50, failures: 0, seconds: 1 };
  const score = (more: Partial<Block>, kind: "latency" | "cost" | "percentile") =>
    visitOf(
      { ...block, ...more },
      kind === "percentile" ? { kind, percentile: 75, boundMs: 50, ratePerSecond: 5 } : { kind },
    ).score;

  it("a call without an answer is slower than any other; too many of them leave no percentile", () => {
    expect(score({}, "percentile")).toBeCloseTo(-Math.log(32.5));
    expect(score({ failures: 1 }, "percentile")).toBeCloseTo(-Math.log(40));
    expect(score({ failures: 4 }, "percentile")).toBeNull();
  });

  it("cost is CPU time for each answer, and unknown where none was read", () => {
    expect(score({ cpuSeconds: 2 }, "cost")).toBeCloseTo(-Math.log(0.5));
    expect(score({}, "cost")).toBeNull();
    expect(score({ cpuSeconds: 0 }, "cost")).toBeNull();
  });

  it("says of a percentile whether the rule and the winner are under the bound", () => {
    const objective = { kind: "percentile", percentile: 50, boundMs: 10, ratePerSecond: 5 } as const;
    let state = begin(arms, objective, 1, BUDGET);
    state = run(state, 500, (arm, time) => {
      const ms = (arm === "variant v3" ? 6 : 12) * wobble(time);
      return { latenciesMs: [ms, ms, ms] };
    });
    expect(outcome(state)).toMatchObject({ kind: "winner", underBound: { rule: "breaks", winner: "holds" } });
  });
});

it("a block without the rule counts if one of its arms was compared with the rule before, and no other does", () => {
  const visit = (arm: string, score: number | null) => ({
    ...{ arm, score, medianMs: 1, answeredPerSecond: 1, calls: 10, failures: 0, seconds: 1 },
  });
  const block = (...visits: ReturnType<typeof visit>[]) => ({
    ...{ purpose: "race" as const, order: visits.map((v) => v.arm), visits },
  });
  const c = contrasts(
    [
      block(visit("rule", 0), visit("a", 1)),
      block(visit("a", 11), visit("b", 12), visit("rule", null)),
      block(visit("x", 5), visit("y", 9)),
    ],
    "rule",
  );
  expect(c.between("b", "rule")?.value).toBeCloseTo(2);
  expect(c.between("y", "x")).toBeNull();
});
