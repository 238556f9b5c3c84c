import type { Progress } from "../../lib/progress.ts";
import type { Contender, RoundPlan, RoundWithPhases, Surroundings } from "./contenders.ts";
import { judge, type Verdict } from "./goals.ts";
import { medianOf, phaseNames, type PhaseName, type Phases } from "./stats.ts";
import type { Payload } from "./payload.ts";

/** How much is run. */
export interface RacePlan extends RoundPlan {
  readonly rounds: number;
}

/** One client's part of the report; times are medians over the rounds. */
export interface Result {
  readonly name: string;
  readonly protocol: "grpc" | "rest";
  readonly ours: boolean;
  readonly inside: string;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly phases: Phases | null;
  readonly rounds: readonly RoundWithPhases[];
}

/** Everything that one run of the benchmark measured. */
export interface Report {
  readonly plan: RacePlan;
  /** `nice` value of the server and of every client: below 0, they go before what else the machine does. */
  readonly nice: number;
  readonly bytes: {
    readonly grpcRequest: number;
    readonly grpcAnswer: number;
    readonly restRequest: number;
    readonly restAnswer: number;
  };
  readonly results: readonly Result[];
  readonly verdicts: readonly Verdict[];
}

/** Runs every contender once in each round, one at a time, the first one of a round being another each time. */
export async function race(
  all: readonly Contender[],
  at: Surroundings,
  plan: RacePlan,
  tell: Progress,
): Promise<ReadonlyMap<string, readonly RoundWithPhases[]>> {
  tell.step(`Measuring ${plan.rounds} rounds of ${plan.calls} calls`, plan.rounds * (15 + 7 * plan.warmSeconds));
  const rounds = new Map<string, RoundWithPhases[]>(all.map((c) => [c.name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (let turn = 0; turn < all.length; turn++) {
      const contender = all[(round + turn) % all.length] as Contender;
      tell.note(`round ${round + 1}, ${contender.name}`);
      rounds.get(contender.name)?.push(await contender.round(at, plan));
    }
  }
  tell.done();
  return rounds;
}

/** Puts the report together. */
export function reportOf(
  payload: Payload,
  plan: RacePlan,
  nice: number,
  all: readonly Contender[],
  rounds: ReadonlyMap<string, readonly RoundWithPhases[]>,
): Report {
  const results = all.map((contender): Result => {
    const own = rounds.get(contender.name) ?? [];
    const median = (name: "p50Ms" | "p90Ms" | "p99Ms") => medianOf(own.map((r) => r[name]));
    const { name, protocol, ours, inside } = contender;
    return {
      ...{ name, protocol, ours, inside },
      ...{ p50Ms: median("p50Ms"), p90Ms: median("p90Ms"), p99Ms: median("p99Ms") },
      phases: phasesOver(own),
      rounds: own,
    };
  });
  return {
    plan,
    nice,
    bytes: {
      grpcRequest: payload.grpcRequest.length,
      grpcAnswer: payload.grpcAnswer.length,
      restRequest: payload.restRequest.length,
      restAnswer: payload.restAnswer.length,
    },
    results,
    verdicts: judge(Object.fromEntries(rounds)),
  };
}

function phasesOver(rounds: readonly RoundWithPhases[]): Phases | null {
  const seen = rounds.map((r) => r.phases).filter((p) => p !== null);
  if (seen.length === 0) return null;
  const median = (name: PhaseName) => {
    const values = seen.map((p) => p[name]).filter((v) => v !== null);
    return values.length === 0 ? null : medianOf(values);
  };
  return Object.fromEntries(phaseNames.map((name) => [name, median(name)])) as Record<PhaseName, number | null>;
}
