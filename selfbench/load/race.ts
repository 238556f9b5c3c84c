import { loadavg } from "node:os";
import { median } from "../../bench/stats/math/quantile.ts";
import type { Progress } from "../../lib/progress.ts";
import type { LineProgram } from "../clients/line-program.ts";
import { orderOf } from "../clients/race.ts";
import { coreShare, watchCpu } from "./cpu.ts";
import { GOAL_RATE, bareTimer } from "./floor.ts";
import type { Bed, Generator, Job, Said } from "./generator.ts";
import { type Seen, type Spread, seenOf, stalledP99 } from "./lag.ts";

/** What is run. */
export interface RacePlan {
  readonly rounds: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly connections: number;
}

/** One run of one generator at one rate. */
export interface Turn {
  readonly said: Said;
  readonly seen: Seen;
  /** CPU time as a share of one core, in the measured time. */
  readonly core: number;
  /** Threads of the whole machine that ran or waited to run, a minute's mean. More than processors make calls late. */
  readonly machineLoad: number;
}

/**
 * Before the measured time. Connections open in it, and V8 compiles our client: the last time after some 16,000 calls, on the processor that makes
 * them. With 2 s, calls were up to 15 ms late in the second after it (5,000 calls a second). A lower priority for V8's threads is no way out:
 * at this rate they then never run, and the client stays so slow that its calls come 1.5 s late.
 */
export const LEAD_SECONDS = 5;

/** So long before a generator's last call, its CPU time stops counting, because then it sums up and prints. Milliseconds. */
const BEFORE_END_MS = 100;

/** The stall: how long it is, how long after the first request it begins, and length and rate of the run. */
export const STALL = { forMs: 1500, afterMs: 5000, seconds: 15, ratePerSecond: 100 };

/** What a race measured. */
export interface Raced {
  /** By rate, then by generator. */
  readonly turns: ReadonlyMap<number, ReadonlyMap<string, readonly Turn[]>>;
  /** How late a bare timer woke at the goals' rate, in each round. */
  readonly floors: readonly Spread[];
}

/** All generators at all rates in each round, in an order that changes; and a bare timer in each round at the goals' rate. */
export async function race(
  generators: readonly Generator[],
  plan: RacePlan,
  bed: Bed,
  server: LineProgram,
  tell: Progress,
): Promise<Raced> {
  const [each, names] = [plan.seconds + LEAD_SECONDS + 1, generators.map((g) => g.name)];
  const floorSeconds = plan.rates.includes(GOAL_RATE) ? plan.seconds : 0;
  tell.step(`Measuring ${plan.rounds} rounds`, plan.rounds * (plan.rates.length * names.length * each + floorSeconds));
  const turns = new Map(plan.rates.map((rate) => [rate, new Map(names.map((name) => [name, [] as Turn[]]))]));
  const floors: Spread[] = [];
  for (let round = 0; round < plan.rounds; round++)
    for (const [i, rate] of plan.rates.entries()) {
      if (rate === GOAL_RATE) floors.push(await bareTimer(bed, rate, plan.seconds));
      for (const name of orderOf(names, round * plan.rates.length + i)) {
        tell.note(`round ${round + 1} of ${plan.rounds}, ${rate}/s, ${name}`);
        const { connections } = plan;
        const [seconds, leadSeconds] = [plan.seconds + LEAD_SECONDS, LEAD_SECONDS];
        const job = { ratePerSecond: rate, seconds, leadSeconds, connections };
        turns
          .get(rate)
          ?.get(name)
          ?.push(await turn(generators.find((g) => g.name === name) as Generator, job, bed, server));
      }
    }
  tell.done();
  return { turns, floors };
}

async function turn(generator: Generator, job: Job, bed: Bed, server: LineProgram): Promise<Turn> {
  await server.ask({ AfterMs: 0, ForMs: 0 });
  const { child, said } = generator.start(job, bed);
  const samples = watchCpu(child.pid ?? 0);
  const told = await said.finally(samples);
  const { arrivals } = (await server.ask({ AfterMs: 0, ForMs: 0 })) as { arrivals: number[] };
  const arrivalsMs = arrivals.map((ns) => ns / 1e6);
  const leadMs = job.leadSeconds * 1000;
  const core = coreShare(samples(), (arrivalsMs[0] ?? NaN) + leadMs, (arrivalsMs.at(-1) ?? NaN) - BEFORE_END_MS);
  return { said: told, seen: seenOf(arrivalsMs, job.ratePerSecond, leadMs), core, machineLoad: loadavg()[0] ?? NaN };
}

/** What a generator says of a run in which the server stood still. */
export interface Stalled extends Said {
  readonly name: string;
  readonly truthMs: number;
}

/** Runs each generator once against a server that stands still for a while. */
export async function stalls(
  generators: readonly Generator[],
  connections: number,
  bed: Bed,
  server: LineProgram,
  tell: Progress,
): Promise<Stalled[]> {
  const { forMs, afterMs, seconds, ratePerSecond } = STALL;
  tell.step(`A stall of ${forMs} ms`, generators.length * (seconds + 1));
  const all: Stalled[] = [];
  for (const generator of generators) {
    tell.note(generator.name);
    await server.ask({ AfterMs: afterMs, ForMs: forMs });
    const said = await generator.start({ ratePerSecond, seconds, leadSeconds: 0, connections }, bed).said;
    all.push({ name: generator.name, truthMs: stalledP99(forMs, seconds * 1000), ...said });
  }
  await server.ask({ AfterMs: 0, ForMs: 0 });
  tell.done();
  return all;
}

/** A turn's figure over all rounds. */
export const over = (turns: readonly Turn[], figure: (turn: Turn) => number): number => median(turns.map(figure));
