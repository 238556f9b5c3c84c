import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";
import { random, seedOf } from "../../bench/stats/math/random.ts";
import { statuses } from "../../tune/race/outcome.ts";
import type { Objective } from "../../tune/race/types.ts";
import { gridWorld, tables } from "../../tune/testing/grids.ts";
import { regret } from "../../tune/testing/play.ts";
import { type Swept, type World, THROUGHPUT, plainArms, replay, speeds, synthetic } from "../../tune/testing/worlds.ts";
import { yes } from "../truth/score.ts";
import { BATCHING, type Goal, KNOBS, NOTHING, type Played } from "./goals.ts";

/** Worlds of one kind, one for each seed. */
export interface Case {
  readonly name: string;
  world(seed: number): World;
  /** Visits that a race may make among so many arms. */
  budget(arms: number): number;
  /** Not races but grids of so many rounds. */
  readonly rounds?: number;
  readonly goals: readonly Goal[];
  /** Whether other methods find its best arm, too. */
  readonly compared: boolean;
}

/** How often the exhaustive grid, of which a race may take a tenth of the time, visits each setting: enough to tell 3 % apart. */
export const GRID_VISITS = 20;

/** Rounds of `lathe tune --grid` that tell nearly always that 12 or 49 equal arms are equal, at `USUAL` noise. */
const GRID_ROUNDS = 30;

/** What `--budget 10m` has time for at two seconds a visit. */
const TEN_MINUTES = 300;

const sweep = JSON.parse(readFileSync(join(repoRoot, "tune", "testing", "fixtures", "xeon16.json"), "utf8")) as {
  readonly settings: readonly Swept[];
};

const ruleOf = (world: World) => world.arms.find((arm) => arm.isRule)?.id as string;
const chosen = ({ found, world }: Played) => (found.kind === "winner" ? found.arm : ruleOf(world));
const gainOf = (arm: string, world: World) =>
  Math.exp((world.truth.get(arm) as number) - (world.truth.get(ruleOf(world)) as number));

const near: Goal = {
  name: "what it chooses is within 3 % of the best",
  promised: [0.9, 1],
  right: (race) => yes(regret(race.world, chosen(race)) <= 0.03),
};

const covered: Goal = {
  name: "the gain's interval holds the truth",
  promised: [0.95, 1],
  right({ found: o, world }) {
    if (o.kind !== "winner" || o.gain.interval === null) return NOTHING;
    const truth = gainOf(o.arm, world);
    return yes(o.gain.interval.low <= truth && truth <= o.gain.interval.high);
  },
};

const asGood: Goal = {
  name: "says that the rule is as good",
  promised: [0.95, 1],
  right: ({ found }) => yes(found.kind === "as-good"),
};

const FAST = "variant v7";
const finds: Goal = {
  name: "finds it",
  promised: [0.9, 1],
  right: ({ found: o }) => yes(o.kind === "winner" && o.arm === FAST),
};
const avoids: Goal = {
  name: "does not choose it",
  promised: [0.95, 1],
  right: ({ found }) => yes(found.kind !== "winner"),
};

/** Whether the intervals of all arms hold at once. */
const together: Goal = {
  name: "intervals of all arms hold at once",
  promised: [0.95, 1],
  right({ state, world }) {
    const told = statuses(state).filter(({ gain }) => gain?.interval != null);
    return yes(
      told.every(({ arm, gain }) => {
        const truth = gainOf(arm.id, world);
        return (gain?.interval?.low ?? Infinity) <= truth && truth <= (gain?.interval?.high ?? -Infinity);
      }),
    );
  },
};

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
const grid = { budget: () => Infinity, compared: false, rounds: GRID_ROUNDS };

const equal = (count: number) => (seed: number) => speeds(plainArms(count), () => THREE, seed);
const oneBetter = (seed: number) => speeds(plainArms(12), (arm) => THREE + (arm === FAST ? Math.log(1.05) : 0), seed);

export const CASES: readonly Case[] = [
  {
    name: "sweep, MobileNetV2",
    world: swept("mobilenet_v2-300", THROUGHPUT),
    goals: [near, covered, ...KNOBS],
    ...common,
  },
  { name: "sweep, ResNet-50", world: swept("resnet50-400", THROUGHPUT), goals: [near, covered, ...KNOBS], ...common },
  {
    ...{ name: "sweep, MobileNetV2, latency", goals: [near, ...KNOBS], ...common },
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
    goals: [near, covered, ...KNOBS, ...BATCHING],
    ...common,
  },
  {
    name: "synthetic, 32 cores",
    world: (seed) => synthetic(32, seed),
    goals: [near, covered, ...KNOBS, ...BATCHING],
    ...common,
  },
  { name: "12 equal arms", world: equal(12), goals: [asGood], ...long },
  { name: "49 equal arms", world: equal(49), goals: [asGood], ...long },
  { name: "one of 12 arms is 5 % better", world: oneBetter, goals: [finds, covered], ...long },
  { name: "one of 12 arms is good only at times", world: atTimes, goals: [avoids], ...long },
  ...[...tables()].map(([name, table]): Case => ({
    name: `grid of ${name}`,
    world: (seed) => gridWorld(table, seed),
    goals: [near, covered],
    ...{ ...long, budget: (arms) => Math.max(TEN_MINUTES, tenth(arms)) },
  })),
  {
    name: "exhaustive: sweep, MobileNetV2",
    world: swept("mobilenet_v2-300", THROUGHPUT),
    goals: [near, covered, together],
    ...grid,
  },
  { name: "exhaustive: 49 equal arms", world: equal(49), goals: [asGood, together], ...grid },
  { name: "exhaustive: one of 12 arms is 5 % better", world: oneBetter, goals: [finds, covered, together], ...grid },
  { name: "exhaustive: one of 12 arms is good only at times", world: atTimes, goals: [avoids], ...grid },
];
