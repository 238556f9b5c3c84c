import { type Random, random, seedOf } from "../../bench/stats/math/random.ts";
import { visitOf } from "../race/score.ts";
import type { Arm, Block, Objective } from "../race/types.ts";

/** A machine whose truth is known, for races that measure nothing real. */
export interface World {
  readonly arms: readonly Arm[];
  readonly objective: Objective;
  /** The score of each arm without noise: its logarithm, larger is better. */
  readonly truth: ReadonlyMap<string, number>;
  /** The visit that is the `time`-th of this race, of one second. */
  visit(arm: string, time: number): Block;
}

/** How a machine's visits vary. */
export interface Shaking {
  /** Standard deviation of a visit's noise, of the logarithm. */
  readonly visit: number;
  /** Of what all arms share, from visit to visit: it drifts. */
  readonly drift: number;
  /** How much of the drift is left at the next visit. */
  readonly lasts: number;
  /** The share of visits that something else on the machine slows, by 10 %. */
  readonly disturbed: number;
}

export const USUAL: Shaking = { visit: 0.02, drift: 0.03, lasts: 0.9, disturbed: 0.02 };

/** What a machine does to all arms alike, at each visit: a logarithm. */
function driftOf(stream: Random, { drift, lasts }: Shaking): (time: number) => number {
  const levels: number[] = [];
  return (time) => {
    while (levels.length <= time) {
      const before = levels.at(-1);
      const fresh = drift * stream.normal();
      levels.push(before === undefined ? fresh : lasts * before + Math.sqrt(1 - lasts ** 2) * fresh);
    }
    return levels[time] as number;
  };
}

/** What slows one visit alone: a logarithm. */
function noiseOf(stream: Random, { visit, disturbed }: Shaking): number {
  return visit * stream.normal() - (stream.uniform() < disturbed ? 0.1 : 0);
}

export const THROUGHPUT: Objective = { kind: "throughput" };

/** A world in which each arm answers so many calls a second, as `speed` says at each visit (logarithms), plus noise. */
export function speeds(
  arms: readonly Arm[],
  speed: (arm: string, time: number) => number,
  seed: number,
  shaking: Shaking = USUAL,
): World {
  const drift = driftOf(random(seedOf("drift", seed)), shaking);
  return {
    ...{ arms, objective: THROUGHPUT },
    truth: new Map(arms.map(({ id }) => [id, speed(id, 0)])),
    visit: (arm, time) => {
      const noise = noiseOf(random(seedOf(`${arm} ${time}`, seed)), shaking);
      const rate = Math.exp(speed(arm, time) + drift(time) + noise);
      return { arm, latenciesMs: [1000 / rate], answeredPerSecond: rate, failures: 0, seconds: 1 };
    },
  };
}

/** An arm whose id is its settings. */
export function armOf(settings: Arm["settings"], isRule: boolean): Arm {
  const id = Object.entries(settings)
    .map(([knob, value]) => `${knob} ${value}`)
    .join(", ");
  return { id, settings, isRule };
}

/** As many arms as asked for, the rule first; they differ in one knob. */
export function plainArms(count: number): Arm[] {
  return Array.from({ length: count }, (_, i) => armOf({ variant: `v${i}` }, i === 0));
}

/** How `amdahl` makes a machine from a seed, when it is not said. */
interface Machine {
  readonly serial: number;
  readonly coherence: number;
  readonly memory: number;
  readonly oversubscribed: number;
  readonly pinning: number;
}

/**
 * A machine of so many cores: processes of threads, pinned or not, and a knob (batching) that does nothing. A process speeds up with
 * threads by Amdahl's law with a cost of coherence (Gunther's universal law), cores share memory, and more threads than cores
 * lose time. How strong each is comes from the seed.
 */
export function synthetic(cores: number, seed: number, shaking: Shaking = USUAL): World {
  const stream = random(seedOf(`machine of ${cores}`, seed));
  const machine: Machine = {
    serial: 0.02 + 0.23 * stream.uniform(),
    coherence: 0.01 * stream.uniform(),
    memory: stream.uniform(),
    oversubscribed: 0.5 + 1.5 * stream.uniform(),
    pinning: -0.04 + 0.12 * stream.uniform(),
  };
  const powers = Array.from({ length: Math.log2(cores) + 1 }, (_, i) => 2 ** i);
  const between = cores <= 16 ? [3, 6] : [];
  const grid = powers.flatMap((processes) =>
    [...powers, ...between]
      .filter((threads) => processes * threads <= 2 * cores)
      .flatMap((threads) =>
        (processes * threads <= cores ? ["no", "yes"] : ["no"]).flatMap((pinned) =>
          ["off", "on"].map((batching) => ({ processes, threads, pinned, batching })),
        ),
      ),
  );
  const arms = grid.map((s) =>
    armOf(s, s.processes === 1 && s.threads === cores && s.pinned === "no" && s.batching === "off"),
  );
  const speedOf = new Map(arms.map((arm, i) => [arm.id, amdahl(machine, cores, grid[i] as (typeof grid)[number])]));
  return speeds(arms, (arm) => speedOf.get(arm) as number, seed, shaking);
}

function amdahl(m: Machine, cores: number, s: { processes: number; threads: number; pinned: string }): number {
  const { processes, threads } = s;
  const one = 1 / (m.serial + (1 - m.serial) / threads + m.coherence * (threads - 1));
  const busy = processes * threads;
  const shared = 1 + m.memory * (Math.min(1, busy / cores) - 1 / cores);
  const crowded = Math.max(1, busy / cores) ** m.oversubscribed;
  return Math.log((20 * processes * one) / shared / crowded) + (s.pinned === "yes" ? m.pinning : 0);
}

/** One setting of a sweep: what it answered, and service times of its calls, neighbours beside each other. */
export interface Swept {
  readonly model: string;
  readonly processes: number;
  readonly threads: number;
  readonly pinned: boolean;
  readonly throughput: number;
  readonly ms: readonly number[];
}

/** Calls of a process that are drawn together: what slows one slows its neighbours. */
const STRETCH = 6;

/**
 * Replays a sweep that was measured once. A visit of two seconds (ten for a percentile) draws stretches of neighbouring service times of its
 * setting for each process. What the machine does to all visits is added.
 */
export function replay(
  settings: readonly Swept[],
  model: string,
  objective: Objective,
  seed: number,
  shaking: Shaking = { ...USUAL, visit: 0 },
): World {
  const own = settings.filter((s) => s.model === model);
  const cores = Math.max(...own.map((s) => s.threads));
  const ofSettings = ({ processes, threads, pinned }: Swept) =>
    armOf({ processes, threads, pinned: pinned ? "yes" : "no" }, processes === 1 && threads === cores && !pinned);
  const byId = new Map(own.map((s) => [ofSettings(s).id, s]));
  const drift = driftOf(random(seedOf("drift", seed)), shaking);
  const measure = (arm: string, service: readonly number[], seconds: number, stream: Random): Block => {
    const { processes } = byId.get(arm) as Swept;
    const mean = service.reduce((sum, ms) => sum + ms, 0) / service.length;
    const latenciesMs =
      objective.kind === "percentile" ? queue(service, processes, objective.ratePerSecond, seconds, stream) : service;
    return { arm, latenciesMs, answeredPerSecond: (1000 * processes) / mean, failures: 0, seconds: 1 };
  };
  // A percentile takes more calls than a mean.
  const long = objective.kind === "percentile" ? 10 : 2;
  return {
    ...{ arms: own.map(ofSettings), objective },
    truth: truthOf(`${model} ${JSON.stringify(objective)}`, own.length, () =>
      [...byId].map(([arm, swept]) => {
        const stream = random(seedOf(arm, 0));
        const service = objective.kind === "percentile" ? drawOf(swept, 400, stream) : swept.ms;
        return [arm, visitOf(measure(arm, service, 400, stream), objective).score as number];
      }),
    ),
    visit: (arm, time) => {
      const stream = random(seedOf(`${arm} ${time}`, seed));
      const slower = Math.exp(-drift(time) - noiseOf(stream, shaking));
      const service = drawOf(byId.get(arm) as Swept, long, stream).map((ms) => ms * slower);
      return measure(arm, service, long, stream);
    },
  };
}

const TRUTHS = new Map<string, ReadonlyMap<string, number>>();

/** What all recorded calls show, or an open loop of 400 seconds; worked out once for each sweep. */
function truthOf(what: string, settings: number, make: () => [string, number][]): ReadonlyMap<string, number> {
  const key = `${settings} ${what}`;
  const truth = TRUTHS.get(key) ?? new Map(make());
  TRUTHS.set(key, truth);
  return truth;
}

/** Service times of the calls of a visit. */
function drawOf({ ms, throughput }: Swept, seconds: number, stream: Random): number[] {
  const calls = Math.max(4, Math.round(throughput * seconds));
  const drawn: number[] = [];
  while (drawn.length < calls) {
    const from = stream.below(ms.length);
    for (let i = 0; i < STRETCH && drawn.length < calls; i++) drawn.push(ms[(from + i) % ms.length] as number);
  }
  return drawn;
}

/** Latencies of an open loop: calls come at random, wait in one queue, and one of the processes serves each. */
function queue(service: readonly number[], processes: number, rate: number, seconds: number, stream: Random): number[] {
  const free = new Float64Array(processes);
  const latencies: number[] = [];
  let due = 0;
  for (let i = 0; ; i++) {
    due += (-1000 / rate) * Math.log(1 - stream.uniform());
    if (due > 1000 * seconds) return latencies.length > 0 ? latencies : [service[0] as number];
    const soonest = free.indexOf(Math.min(...free));
    const start = Math.max(due, free[soonest] as number);
    free[soonest] = start + (service[i % service.length] as number);
    latencies.push(free[soonest] - due);
  }
}
