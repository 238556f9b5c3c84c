import type { Cell } from "../../bench/matrix/cell.ts";
import { type Random, seedOf } from "../../bench/stats/math/random.ts";
import { mean, median } from "../../bench/stats/math/quantile.ts";
import type { Study } from "../../bench/stats/study.ts";
import { manifestOf, studyOf } from "../../bench/testing/studies.ts";

/** Noise of visits or calls, on the logarithm: a standard deviation, a second mode, tails of Student's t with 3 degrees of freedom. */
export interface Shape {
  readonly sd: number;
  readonly mode?: { readonly share: number; readonly factor: number };
  readonly tails?: true;
}

/** A simulated world whose truth is known: how long each cell's calls take, and every kind of noise. Standard deviations are of logarithms. */
export interface World {
  readonly placements: readonly (readonly [clientMachine: string, server: string])[];
  readonly models: readonly string[];
  readonly images: number;
  /** The logarithm of how long a cell's call takes, in milliseconds. */
  readonly log: (cell: Cell) => number;
  readonly visit: (cell: Cell) => Shape;
  readonly call: (cell: Cell) => Shape;
  /** Noise that visits of one round share: all visits, those to a machine, those from a client machine, those of a placement, client kind and model. */
  readonly round: number;
  readonly machine: number;
  readonly client: number;
  readonly group: number;
  /** Noise that lasts: of a machine from round to round, of a cell from visit to visit. `next`: the correlation with the next one. */
  readonly machineLasts: { readonly sd: number; readonly next: number };
  readonly visitLasts: number;
  /** Noise of a machine that changes from run to run. */
  readonly restart: number;
  readonly calls: (cell: Cell) => number;
}

const FIVE: World["placements"] = [
  ["client", "client"],
  ["cloud", "cloud"],
  ["edge", "edge"],
  ["client", "cloud"],
  ["client", "edge"],
];

const BASE: Readonly<Record<string, number>> = { "rfcn-resnet101": 2500, "ssd-mobilenet": 60, null: 3 };
const VISIT: Readonly<Record<string, number>> = { "rfcn-resnet101": 0.03, "ssd-mobilenet": 0.08, null: 0.2 };
const CALL: Readonly<Record<string, number>> = { "rfcn-resnet101": 0.01, "ssd-mobilenet": 0.1, null: 0.2 };
const SERVER: Readonly<Record<string, number>> = { client: 0, cloud: -0.4, edge: 0.4 };
const PROTOCOL: Readonly<Record<string, number>> = { "rfcn-resnet101": 0.02, "ssd-mobilenet": 0.4, null: 2 };

export const isSlow = (cell: Pick<Cell, "model">): boolean => cell.model.startsWith("rfcn");

/** A world with the paper's matrix, four images, and noise as in a demo's run. @param more what is different */
export function worldOf(more: Partial<World> = {}): World {
  return {
    ...{ placements: FIVE, models: Object.keys(BASE), images: 4 },
    log: (c) =>
      Math.log(BASE[c.model] ?? 50) +
      (c.client === "rest" ? (PROTOCOL[c.model] ?? 0.1) : 0) +
      (SERVER[c.serverMachine] ?? 0) +
      (c.local ? 0 : 0.1) +
      0.05 * spread(c.image) +
      0.03 * spread(c.id),
    visit: (c) => ({ sd: VISIT[c.model] ?? 0.05 }),
    call: (c) => ({ sd: CALL[c.model] ?? 0.05 }),
    ...{ round: 0.02, machine: 0.03, client: 0, group: 0, machineLasts: { sd: 0, next: 0 }, visitLasts: 0, restart: 0 },
    calls: (c) => (isSlow(c) ? 1 : 5),
    ...more,
  };
}

/** A number from a name, with about the standard deviation of a normal one. */
const spread = (name: string) => (seedOf(name, 1) / 2 ** 31) * 1.7;

export const manifestFor = (world: World) =>
  manifestOf({
    ...{ placements: world.placements, models: world.models },
    images: Array.from({ length: world.images }, (_, i) => ({
      ...{ name: `image-${i + 1}`, fileBytes: 50_000 + 7000 * i, pixels: 300_000 },
    })),
  });

/** One draw of a shape. */
function drawn(stream: Random, { sd, mode, tails }: Shape): number {
  let x = sd * stream.normal();
  if (tails) {
    const below = Math.sqrt((stream.normal() ** 2 + stream.normal() ** 2 + stream.normal() ** 2) / 3);
    // Scaled to variance 1, and limited: otherwise a call could take a thousand times as long.
    x = Math.max(-3, Math.min(3, x / below / Math.sqrt(3)));
  }
  return mode !== undefined && stream.uniform() < mode.share ? x + Math.log(mode.factor) : x;
}

/** Noise that is drawn once for each name. */
function shared(stream: Random): (name: string, sd: number) => number {
  const known = new Map<string, number>();
  return (name, sd) => {
    if (sd === 0) return 0;
    const value = known.get(name) ?? sd * stream.normal();
    known.set(name, value);
    return value;
  };
}

/** Noise that for each name is correlated from step to step. */
function lasting(stream: Random): (name: string, step: number, of: { sd: number; next: number }) => number {
  const known = new Map<string, number>();
  const at = (name: string, step: number, of: { sd: number; next: number }): number => {
    const key = `${name} ${step}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const fresh = of.sd * stream.normal();
    const value = step === 0 ? fresh : of.next * at(name, step - 1, of) + Math.sqrt(1 - of.next ** 2) * fresh;
    known.set(key, value);
    return value;
  };
  return (name, step, of) => (of.sd === 0 ? 0 : at(name, step, of));
}

/** Which visits are made. */
export interface Visits {
  readonly rounds: number;
  /** How many of a cell's visits count. Absent: all. */
  readonly of?: (cell: Cell, stream: Random) => number;
  /** A visit ends once its calls took this long, ms. */
  readonly blockMs?: number;
}

/** Simulates a run of a world. */
export function runOf(
  world: World,
  stream: Random,
  { rounds, of, blockMs = Infinity }: Visits,
  manifest = manifestFor(world),
): Study {
  const common = shared(stream);
  const lasts = lasting(stream);
  const logs = new Map(manifest.cells.map((c) => [c.id, world.log(c)]));
  const study = studyOf(manifest, rounds, (c, round) => {
    const shape = world.visit(c);
    const own =
      world.visitLasts > 0 ? lasts(c.id, round, { sd: shape.sd, next: world.visitLasts }) : drawn(stream, shape);
    const level =
      (logs.get(c.id) ?? NaN) +
      own +
      common(`round ${round}`, world.round) +
      common(`machine ${c.serverMachine} ${round}`, world.machine) +
      common(`client ${c.clientMachine} ${round}`, world.client) +
      common(`group ${c.clientMachine} ${c.server} ${c.client} ${c.model} ${round}`, world.group) +
      common(`run ${c.serverMachine}`, world.restart) +
      lasts(c.serverMachine, round, world.machineLasts);
    const calls: { totalMs: number }[] = [];
    for (let spent = 0; calls.length < world.calls(c) && spent <= blockMs; spent += calls.at(-1)?.totalMs ?? 0)
      calls.push({ totalMs: Math.exp(level + drawn(stream, world.call(c))) });
    return calls;
  });
  if (of === undefined) return study;
  const cut = [...study.data].map(([id, data]) => {
    const cell = manifest.cells.find((c) => c.id === id) as Cell;
    const visits = data.visits.slice(0, of(cell, stream));
    const calls = visits.reduce((sum, v) => sum + v.n, 0);
    return [id, { ...data, visits, totalsMs: data.totalsMs.slice(0, calls) }] as const;
  });
  return { ...study, data: new Map(cut) };
}

/** What a world's noise adds to `World.log` in the logarithm of a visit's median, and by what it multiplies the mean of calls. */
export interface Truth {
  readonly logMedian: number;
  readonly meanFactor: number;
}

const DRAWS = 20_000;

/** Finds the truth of a cell by simulation. */
export function truthOf(world: World, cell: Cell, stream: Random): Truth {
  const { round, machine, client, group, machineLasts, restart } = world;
  const common = Math.hypot(round, machine, client, group, machineLasts.sd, restart);
  const [logs, factors]: [number[], number[]] = [[], []];
  for (let i = 0; i < DRAWS; i++) {
    const level = common * stream.normal() + drawn(stream, world.visit(cell));
    const calls = Array.from({ length: world.calls(cell) }, () => Math.exp(level + drawn(stream, world.call(cell))));
    // What visits of a round share is symmetric: it does not change the mean of logarithms.
    logs.push(Math.log(median(calls)));
    factors.push(mean(calls));
  }
  return { logMedian: mean(logs), meanFactor: mean(factors) };
}
