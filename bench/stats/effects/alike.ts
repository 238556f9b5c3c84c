import { mean } from "../math/quantile.ts";

/** A cell's visits as logarithms of what was measured, with names of what is as noisy as this, the narrowest first. */
export interface AlikeVisits {
  readonly alike: readonly string[];
  readonly logs: readonly number[];
}

/** Noise of one visit: variance of a logarithm, with the degrees of freedom of its estimate and the name of what it is of. */
export interface VisitNoise {
  readonly name: string;
  readonly variance: number;
  readonly df: number;
}

/** Fewer degrees of freedom than this, and a group's noise is not known by itself. */
const KNOWN_DF = 3;

/**
 * The noise from visit to visit of the same cell, pooled over cells that are alike: one that was visited once or twice does
 * not know its own. A group of which too little was measured twice takes that of the next broader one.
 *
 * Each name has a noise of its own and nothing is taken out of it, so that a quick model's large noise (a tenth of a few
 * milliseconds) never counts in a slow one's. What a machine's visits of one round have in common stays in it: a sum of
 * cells of one machine, in which that cancels, is then known better than it says, not worse.
 *
 * @returns the noise by a cell's names; undefined where nothing alike was visited twice
 */
export function noiseByAlike(cells: Iterable<AlikeVisits>): (alike: readonly string[]) => VisitNoise | undefined {
  const groups = new Map<string, { squares: number; df: number }>();
  for (const { alike, logs } of cells) {
    const centre = mean(logs);
    const squares = logs.reduce((sum, x) => sum + (x - centre) ** 2, 0);
    for (const name of alike) {
      const group = groups.get(name) ?? { squares: 0, df: 0 };
      groups.set(name, { squares: group.squares + squares, df: group.df + logs.length - 1 });
    }
  }
  return (alike) => {
    const known = alike.find((name) => (groups.get(name)?.df ?? 0) >= KNOWN_DF);
    const name = known ?? alike.findLast((a) => (groups.get(a)?.df ?? 0) > 0);
    const group = name === undefined ? undefined : groups.get(name);
    return name === undefined || group === undefined
      ? undefined
      : { name, variance: group.squares / group.df, df: group.df };
  };
}
