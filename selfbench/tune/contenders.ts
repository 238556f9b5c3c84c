import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";
import { run } from "../../lib/run.ts";
import { random, seedOf } from "../../bench/stats/math/random.ts";
import { leaderOf } from "../../tune/race/decide.ts";
import { begin, next, observe } from "../../tune/race/race.ts";
import { visitOf } from "../../tune/race/score.ts";
import type { Arm } from "../../tune/race/types.ts";
import { regret } from "../../tune/testing/play.ts";
import type { World } from "../../tune/testing/worlds.ts";

/** The arm that a method would choose after each visit. */
export type Trace = readonly string[];

const scoreOf = (world: World, arm: string, time: number) =>
  visitOf(world.visit(arm, time), world.objective).score ?? -Infinity;

/** The race: its best arm after each block. */
export function raceTrace(world: World, visits: number, seed: number): Trace {
  let state = begin(world.arms, world.objective, seed, { seconds: visits });
  const trace: string[] = [];
  for (let leader = world.arms[0]?.id as string; ; leader = leaderOf(state)) {
    if (trace.length > 0) trace[trace.length - 1] = leader;
    const due = next(state);
    if (due.kind === "done") return trace;
    for (const arm of due.arms) {
      state = observe(state, world.visit(arm, trace.length));
      trace.push(leader);
    }
  }
}

/** The choices of a method that visits these arms in turn, and takes the arm with the best mean of its visits. */
export function traceOf(world: World, order: readonly string[]): Trace {
  const seen = new Map<string, { sum: number; n: number }>();
  return order.map((arm, time) => {
    const { sum, n } = seen.get(arm) ?? { sum: 0, n: 0 };
    seen.set(arm, { sum: sum + scoreOf(world, arm, time), n: n + 1 });
    return [...seen].reduce((a, b) => (b[1].sum / b[1].n > a[1].sum / a[1].n ? b : a))[0];
  });
}

/** The exhaustive grid: every arm once in each round, in random order. */
export function gridOrder(world: World, visits: number, seed: number): string[] {
  const stream = random(seedOf("grid", seed));
  const order: string[] = [];
  while (order.length < visits) {
    const round = world.arms.map(({ id }) => ({ id, at: stream.uniform() }));
    order.push(...round.sort((a, b) => a.at - b.at).map(({ id }) => id));
  }
  return order.slice(0, visits);
}

/** Hill climbing from the rule: it visits all neighbours and moves to the best one. If none is better, it begins anew at a random arm. */
export function climbOrder(world: World, visits: number, seed: number): string[] {
  const stream = random(seedOf("climb", seed));
  const seen = new Map<string, number>();
  const order: string[] = [];
  const look = (arm: string) => {
    if (seen.has(arm) || order.length >= visits) return;
    seen.set(arm, scoreOf(world, arm, order.length));
    order.push(arm);
  };
  let at = world.arms.find((arm) => arm.isRule) as Arm;
  while (order.length < visits) {
    look(at.id);
    const around = neighbours(world.arms, at);
    for (const arm of around) look(arm.id);
    const best = around.reduce((a, b) => ((seen.get(b.id) ?? -Infinity) > (seen.get(a.id) ?? -Infinity) ? b : a), at);
    if (best !== at) at = best;
    else {
      const unseen = world.arms.filter((arm) => !seen.has(arm.id));
      // All are known: they are visited again.
      if (unseen.length === 0) seen.clear();
      at = (unseen[stream.below(unseen.length)] ?? world.arms[stream.below(world.arms.length)]) as Arm;
    }
  }
  return order;
}

/** Arms one step of one knob away. */
function neighbours(arms: readonly Arm[], at: Arm): Arm[] {
  const knobs = knobsOf(arms);
  return arms.filter((arm) => {
    const steps = knobs.map(({ name, values, numbers }) => {
      const apart = Math.abs(values.indexOf(arm.settings[name] ?? "") - values.indexOf(at.settings[name] ?? ""));
      return numbers ? apart : Math.min(1, apart);
    });
    return steps.reduce((sum, step) => sum + step, 0) === 1;
  });
}

function knobsOf(arms: readonly Arm[]) {
  return Object.keys(arms[0]?.settings ?? {}).map((name) => {
    const values = [...new Set(arms.map((arm) => arm.settings[name] as string | number))];
    const numbers = values.every((v) => typeof v === "number");
    return { name, numbers, values: numbers ? values.toSorted((a, b) => Number(a) - Number(b)) : values };
  });
}

/** The arms that Optuna's TPE sampler visits in each of some worlds with the same arms. It runs in a Python program. */
export async function tpeOrders(python: string, worlds: readonly World[], visits: number): Promise<string[][]> {
  const arms = worlds[0]?.arms ?? [];
  const knobs = knobsOf(arms);
  const document = {
    ...{ knobs, visits },
    arms: arms.map((arm) => knobs.map(({ name, values }) => values.indexOf(arm.settings[name] ?? ""))),
    tables: worlds.map((world) =>
      Array.from({ length: visits }, (_, time) => arms.map(({ id }) => Number(scoreOf(world, id, time).toFixed(5)))),
    ),
  };
  const dir = await mkdtemp(join(tmpdir(), "lathe-tpe-"));
  try {
    const file = join(dir, "worlds.json");
    await writeFile(file, JSON.stringify(document));
    const said = await run([python, join(repoRoot, "selfbench", "tune", "tpe.py"), file], { what: "Optuna" });
    return said
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as number[]).map((i) => arms[i]?.id as string));
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** After how many visits 18 of 20 traces are within 3 % of the best arm, and stay there; null: after more than were made. */
export function visitsNeeded(worlds: readonly World[], traces: readonly Trace[]): number | null {
  const longest = Math.max(...traces.map((trace) => trace.length));
  for (let n = longest; n > 0; n--) {
    const near = traces.filter(
      (trace, i) => regret(worlds[i] as World, trace[Math.min(n, trace.length) - 1] as string) <= 0.03,
    );
    if (near.length < 0.9 * traces.length) return n === longest ? null : n + 1;
  }
  return 1;
}
