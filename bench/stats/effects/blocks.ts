import { type Inverse, dot, multiply, pseudoInverse } from "../math/matrix.ts";
import { mean } from "../math/quantile.ts";

/** One visit as the noise of measuring sees it. */
export interface Sample {
  readonly cell: string;
  readonly round: number;
  /** The machine that serves it: what slows that down slows all its visits of a round. */
  readonly machine: string;
  /**
   * On that machine, the widest first, what else may have good and bad rounds of its own: who calls it, and one client kind and model
   * there. Names of one machine are not those of another.
   */
  readonly within?: readonly [placement: string, group: string];
  /** Names of what is as noisy as this, the narrowest first. */
  readonly alike: readonly string[];
  readonly value: number;
}

/** A visit less the mean of its cell, and its block: the number of its round. */
interface Deviation {
  readonly sample: Sample;
  readonly block: number;
  readonly deviation: number;
}

/** Normal equations of a level for each round, cells swept out: rounds x rounds, row-major. */
interface Normal {
  readonly information: Float64Array;
  readonly score: Float64Array;
}

/** Those of one machine, with the visits of each cell that they are from. */
export interface BlockSums extends Normal {
  readonly cells: readonly (readonly Deviation[])[];
}

/** So many stretches of time at most, of one round or several in a row: normal equations of more take too long. */
const MOST_STRETCHES = 30;

/** The stretch of time that each round belongs to: the round itself in all but long runs. */
export function stretches(rounds: Iterable<number>): ReadonlyMap<number, number> {
  const all = [...new Set(rounds)].sort((a, b) => a - b);
  const size = Math.max(1, all.length / MOST_STRETCHES);
  return new Map(all.map((round, i) => [round, Math.floor(i / size)]));
}

/**
 * The cells that were visited twice and more, by machine (or by another name), as normal equations: they are as small as the
 * number of rounds, however many visits there are.
 */
export function blockSums(
  samples: readonly Sample[],
  nameOf: (sample: Sample) => string = (s) => s.machine,
  rounds = stretches(samples.map((s) => s.round)),
): {
  readonly machines: readonly BlockSums[];
  readonly samples: readonly Sample[];
  readonly cells: number;
  /** Sum of squares around the cells' means. */
  readonly squares: number;
} {
  const size = Math.max(-1, ...rounds.values()) + 1;
  const repeated = [...Map.groupBy(samples, (s) => s.cell).values()].filter((visits) => visits.length > 1);
  const cells = repeated.map((visits) => {
    const centre = mean(visits.map((v) => v.value));
    return visits.map((sample) => {
      return { sample, block: rounds.get(sample.round) as number, deviation: sample.value - centre };
    });
  });
  const named = Map.groupBy(cells, ([first]) => (first === undefined ? "" : nameOf(first.sample)));
  const machines = [...named.values()].map((own): BlockSums => {
    const information = new Float64Array(size * size);
    const score = new Float64Array(size);
    for (const visits of own)
      for (const a of visits) {
        score[a.block] = (score[a.block] as number) + a.deviation;
        for (const b of visits) {
          const at = a.block * size + b.block;
          information[at] = (information[at] as number) + (a === b ? 1 : 0) - 1 / visits.length;
        }
      }
    return { cells: own, information, score };
  });
  const squares = cells.flat().reduce((sum, { deviation }) => sum + deviation ** 2, 0);
  return { machines, samples: repeated.flat(), cells: cells.length, squares };
}

/** The normal equations of one level a round for all machines together. */
export function total(machines: readonly Normal[]): Normal | undefined {
  const plus = (a: Float64Array, b: Float64Array) => a.map((v, i) => v + (b[i] as number));
  return machines.length === 0
    ? undefined
    : machines.reduce((a, b) => ({
        information: plus(a.information, b.information),
        score: plus(a.score, b.score),
      }));
}

/** The solution of normal equations: the level of each round, and the sum of squares that they explain. */
export interface Solved extends Inverse {
  readonly levels: Float64Array;
  readonly explained: number;
}

/** Solves normal equations; where rounds cannot be separated, some of their levels are 0. */
export function solve({ information, score }: Normal): Solved {
  const inverse = pseudoInverse(information);
  const levels = multiply(inverse.matrix, score);
  return { ...inverse, levels, explained: dot(levels, score) };
}
