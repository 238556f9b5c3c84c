import type { Cell } from "../../bench/matrix/cell.ts";
import { type Random, random, seedOf } from "../../bench/stats/math/random.ts";
import type { Known } from "./figures.ts";
import { ALARMS, COVERAGE, type Count, type Promised } from "./score.ts";
import { type Truth, type Visits, type World, manifestFor, runOf, truthOf } from "./world.ts";

/** What a scenario is to show: `1`, what held before and must go on; `2`, what did not hold. */
export interface Figure {
  readonly table: 1 | 2;
  readonly name: string;
  /** The share that is promised; a text: what the program says in its place, for the run is too short to tell. */
  readonly promised: Promised | string | null;
}

/** A world with its runs, and what is looked at in each. */
export interface Scenario {
  readonly name: string;
  /** Trials, as a share of those asked for: some scenarios take long. */
  readonly share: number;
  readonly figures: readonly Figure[];
  /** One trial; the counts in the order of the figures. */
  prepare(): (stream: Random) => readonly Count[];
}

export const coverage = (table: 1 | 2, name: string): Figure => ({ table, name, promised: COVERAGE });
/** An interval that holds, or words that there can be none. */
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

/** Truths by model and image: noise may differ between those. */
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
