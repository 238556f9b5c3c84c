import type { Progress } from "../../lib/progress.ts";
import type { Contender, Runner, TurnPlan, TurnWithPhases, Surroundings } from "./contenders.ts";
import { judge, type Verdict } from "./goals.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import { phasesOf, type Phases, type Turn } from "./stats.ts";
import { BYTES, type Payload } from "./payload.ts";

/** How many rounds, turns and calls are run. */
export interface RacePlan extends TurnPlan {
  /** In each round all clients are started anew. */
  readonly rounds: number;
  /** How often each client is measured in a round. */
  readonly turns: number;
}

/** One client's result. Times are medians over the turns of all rounds. */
export interface Result extends Omit<Contender, "start">, Omit<Turn, "calls"> {
  readonly phases: Phases | null;
  readonly turns: readonly TurnWithPhases[];
}

/** Everything that one run of the benchmark measured. */
export interface Report {
  readonly plan: RacePlan;
  /** `nice` value of the server and of every client. Below 0, they run before everything else on the machine. */
  readonly nice: number;
  readonly bytes: Readonly<Record<(typeof BYTES)[number], number>>;
  readonly results: readonly Result[];
  readonly verdicts: readonly Verdict[];
}

/**
 * In each round every contender is started and warmed up; then they take turns, one at a time. A machine's speed changed by a
 * third from one second to the next, whatever ran. So turns are short and many, contenders that are compared are neighbours, and
 * the order changes.
 */
export async function race(
  all: readonly Contender[],
  at: Surroundings,
  plan: RacePlan,
  tell: Progress,
): Promise<ReadonlyMap<string, readonly TurnWithPhases[]>> {
  const seconds = plan.rounds * all.length * (1 + plan.warmSeconds + plan.turns * 1.1);
  tell.step(`Measuring ${plan.rounds} rounds of ${plan.turns} turns of ${plan.calls} calls`, seconds);
  const turns = new Map<string, TurnWithPhases[]>(all.map((c) => [c.name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    const running = new Map<string, Runner>();
    try {
      for (const contender of all) {
        tell.note(`round ${round + 1} of ${plan.rounds}, ${contender.name} warms up`);
        running.set(contender.name, await contender.start(at, plan));
      }
      for (let turn = 0; turn < plan.turns; turn++) {
        for (const name of orderOf([...running.keys()], round * plan.turns + turn)) {
          tell.note(`round ${round + 1} of ${plan.rounds}, turn ${turn + 1} of ${plan.turns}, ${name}`);
          turns.get(name)?.push(await (running.get(name) as Runner).turn());
        }
      }
    } finally {
      await Promise.all([...running.values()].map((runner) => runner.stop()));
    }
  }
  tell.done();
  return turns;
}

/** The order of a turn: every second turn the next one is first, and every second turn goes backwards. */
export function orderOf(names: readonly string[], turn: number): string[] {
  const first = (turn >> 1) % names.length;
  const order = [...names.slice(first), ...names.slice(0, first)];
  return turn % 2 === 0 ? order : order.reverse();
}

/** Puts the report together. */
export function reportOf(
  payload: Payload,
  plan: RacePlan,
  nice: number,
  all: readonly Contender[],
  turns: ReadonlyMap<string, readonly TurnWithPhases[]>,
): Report {
  const results = all.map(({ name, protocol, ours, inside }): Result => {
    const own = turns.get(name) ?? [];
    const over = (figure: "p50Ms" | "p90Ms" | "p99Ms") => median(own.map((turn) => turn[figure]));
    return {
      ...{ name, protocol, ours, inside },
      ...{ p50Ms: over("p50Ms"), p90Ms: over("p90Ms"), p99Ms: over("p99Ms") },
      phases: phasesOf(own.map((turn) => turn.phases).filter((phases) => phases !== null)),
      turns: own,
    };
  });
  const bytes = Object.fromEntries(BYTES.map((name) => [name, payload[name].length])) as Report["bytes"];
  return { plan, nice, bytes, results, verdicts: judge(Object.fromEntries(turns)) };
}
