import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";
import { random, seedOf } from "../../bench/stats/math/random.ts";
import type { Objective, Outcome } from "../../tune/race/types.ts";
import { regret } from "../../tune/testing/play.ts";
import { type Swept, type World, THROUGHPUT, plainArms, replay, speeds, synthetic } from "../../tune/testing/worlds.ts";
import type { Promised } from "../truth/score.ts";

/** Something that a race is to be right about. */
export interface Goal {
  readonly name: string;
  /** The share of races that must be right. */
  readonly promised: Promised;
  /** Null: this race says nothing about it. */
  right(outcome: Outcome, world: World): boolean | null;
}

/** Worlds of one kind, one for each seed. */
export interface Case {
  readonly name: string;
  world(seed: number): World;
  /** Visits that a race may make among so many arms. */
  budget(arms: number): number;
  readonly goals: readonly Goal[];
  /** Whether other methods find its best arm, too. */
  readonly compared: boolean;
}

/** How often the exhaustive grid, of which a race may take a tenth of the time, visits each setting: enough to tell 3 % apart. */
export const GRID_VISITS = 20;

/** What `--budget 10m` has time for at two seconds a visit. */
const TEN_MINUTES = 300;

const sweep = JSON.parse(readFileSync(join(repoRoot, "tune", "testing", "fixtures", "xeon16.json"), "utf8")) as {
  readonly settings: readonly Swept[];
};

const ruleOf = (world: World) => world.arms.find((arm) => arm.isRule)?.id as string;
const chosen = (o: Outcome, world: World) => (o.kind === "winner" ? o.arm : ruleOf(world));
const gainOf = (arm: string, world: World) =>
  Math.exp((world.truth.get(arm) as number) - (world.truth.get(ruleOf(world)) as number));

const near: Goal = {
  name: "what it chooses is within 3 % of the best",
  promised: [0.9, 1],
  right: (o, world) => regret(world, chosen(o, world)) <= 0.03,
};

const covered: Goal = {
  name: "the gain's interval holds the truth",
  promised: [0.95, 1],
  right(o, world) {
    if (o.kind !== "winner" || o.gain.interval === null) return null;
    const truth = gainOf(o.arm, world);
    return o.gain.interval.low <= truth && truth <= o.gain.interval.high;
  },
};

const asGood: Goal = {
  name: "says that the rule is as good",
  promised: [0.95, 1],
  right: (o) => o.kind === "as-good",
};

const FAST = "variant v7";
const finds: Goal = { name: "finds it", promised: [0.9, 1], right: (o) => o.kind === "winner" && o.arm === FAST };
const avoids: Goal = { name: "does not choose it", promised: [0.95, 1], right: (o) => o.kind !== "winner" };

const idle = (effect: "none" | "some", promised: Promised): Goal => ({
  name: effect === "none" ? "batching has no effect, it says" : "batching has an effect, it says, wrongly",
  promised,
  right: (o) => o.knobs.find((k) => k.knob === "batching")?.effect === effect,
});

const tenth = (arms: number) => Math.floor(0.1 * GRID_VISITS * arms);
const THREE = 3;

/** Whether the fast arm is fast at a visit: it changes after 6 to 18 visits. */
function turns(seed: number): (time: number) => boolean {
  const stream = random(seedOf("turns", seed));
  const ends: number[] = [];
  return (time) => {
    while ((ends.at(-1) ?? 0) <= time) ends.push((ends.at(-1) ?? 0) + 6 + stream.below(13));
    return (ends.findIndex((end) => end > time) + seed) % 2 === 0;
  };
}

function atTimes(seed: number): World {
  const fast = turns(seed);
  const level = (arm: string, time: number) => (arm !== FAST ? THREE : fast(time) ? THREE + 0.2 : THREE - 0.25);
  return speeds(plainArms(12), level, seed);
}

const swept = (model: string, objective: Objective) => (seed: number) => replay(sweep.settings, model, objective, seed);
const common = { budget: tenth, compared: true };
const long = { budget: () => TEN_MINUTES, compared: false };

export const CASES: readonly Case[] = [
  { name: "sweep, MobileNetV2", world: swept("mobilenet_v2-300", THROUGHPUT), goals: [near, covered], ...common },
  { name: "sweep, ResNet-50", world: swept("resnet50-400", THROUGHPUT), goals: [near, covered], ...common },
  {
    ...{ name: "sweep, MobileNetV2, latency", goals: [near], ...common },
    world: swept("mobilenet_v2-300", { kind: "latency" }),
    compared: false,
  },
  {
    name: "sweep, ResNet-50, p95 at 25/s",
    world: swept("resnet50-400", { kind: "percentile", percentile: 95, boundMs: 200, ratePerSecond: 25 }),
    goals: [near],
    ...long,
  },
  {
    name: "synthetic, 8 cores",
    world: (seed) => synthetic(8, seed),
    goals: [near, covered, idle("none", [0.75, 1]), idle("some", [0, 0.05])],
    ...common,
  },
  {
    name: "synthetic, 32 cores",
    world: (seed) => synthetic(32, seed),
    goals: [near, covered, idle("none", [0.75, 1]), idle("some", [0, 0.05])],
    ...common,
  },
  { name: "12 equal arms", world: (seed) => speeds(plainArms(12), () => THREE, seed), goals: [asGood], ...long },
  { name: "49 equal arms", world: (seed) => speeds(plainArms(49), () => THREE, seed), goals: [asGood], ...long },
  {
    name: "one of 12 arms is 5 % better",
    world: (seed) => speeds(plainArms(12), (arm) => THREE + (arm === FAST ? Math.log(1.05) : 0), seed),
    goals: [finds, covered],
    ...long,
  },
  { name: "one of 12 arms is good only at times", world: atTimes, goals: [avoids], ...long },
];
