import type { Cell } from "../../bench/matrix/cell.ts";
import { type Random, random, seedOf } from "../../bench/stats/math/random.ts";
import type { Known } from "./figures.ts";
import { ALARMS, COVERAGE, type Count, type Promised } from "./score.ts";
import { type Truth, type Visits, type World, manifestFor, runOf, truthOf } from "./world.ts";

/** One figure of a scenario. Its table: `1`, a promise that has always held; `2`, one that once failed, or no promise. */
export interface Figure {
  readonly table: 1 | 2;
  readonly name: string;
  /** The promised share. Text: what Lathe says instead, because the run is too short. Null: no promise. */
  readonly promised: Promised | string | null;
  /** The figure over all lines in which it counts, too: a line of few runs shows little. Its promise is that of the figures in it. */
  readonly within?: string;
  /** It is a time: the mean of seconds, no share. */
  readonly seconds?: true;
}

/** A simulated world, its runs, and what is counted in each run. */
export interface Scenario {
  readonly name: string;
  /** The share of the trials asked for that are made: slow scenarios make fewer. */
  readonly share: number;
  /** Of real calls: about how long one trial takes, whatever the processor. Absent: it is simulated. */
  readonly secondsEach?: number;
  readonly figures: readonly Figure[];
  /** One trial; the counts in the order of the figures. */
  prepare(): (stream: Random) => readonly Count[] | Promise<readonly Count[]>;
}

export const coverage = (table: 1 | 2, name: string): Figure => ({ table, name, promised: COVERAGE });
/** A figure that is right if the interval holds the truth, or if Lathe says that there can be no interval. */
export const heldOrSaid = (name: string): Figure => ({ table: 2, name: `${name} (or said)`, promised: [0.92, 1] });
export const alarms = (table: 1 | 2, name: string): Figure => ({ table, name, promised: ALARMS });

/** A scenario of single runs. */
export function single(
  name: string,
  world: World,
  visits: Visits,
  looks: readonly (readonly [Figure, (known: Known) => Count])[],
  share = 1,
): Scenario {
  return {
    ...{ name: `${name}, ${visits.rounds} rounds`, share, figures: looks.map(([figure]) => figure) },
    prepare() {
      const manifest = manifestFor(world);
      const truth = truths(world);
      return (stream) => {
        const known = { study: runOf(world, stream, visits, manifest), world, truth };
        return looks.map(([, look]) => look(known));
      };
    },
  };
}

/** The truth of each cell, computed once for cells whose model and noise are the same. */
export function truths(world: World): (cell: Cell) => Truth {
  const made = new Map<string, Truth>();
  return (cell) => {
    const { sd, mode } = world.visit(cell);
    const key = JSON.stringify([cell.model, sd, mode]);
    const known = made.get(key) ?? truthOf(world, cell, random(seedOf(key, 1)));
    made.set(key, known);
    return known;
  };
}
