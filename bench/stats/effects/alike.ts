import { mean } from "../math/quantile.ts";

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
 * @param cells each with the logarithms of what its visits measured, and names of what is as noisy as it, the narrowest first
 * @returns by a cell's names: the variance of one visit's logarithm, its degrees of freedom, and the name that it is of; undefined
 * where nothing alike was visited twice
 */
export function noiseByAlike(cells: Iterable<{ readonly alike: readonly string[]; readonly logs: readonly number[] }>) {
  const groups = new Map<string, { squares: number; df: number }>();
  for (const { alike, logs } of cells) {
    const centre = mean(logs);
    const squares = logs.reduce((sum, x) => sum + (x - centre) ** 2, 0);
    for (const name of alike) {
      const group = groups.get(name) ?? { squares: 0, df: 0 };
      groups.set(name, { squares: group.squares + squares, df: group.df + logs.length - 1 });
    }
  }
  return (alike: readonly string[]) => {
    const named = alike.flatMap((name) => ({ name, squares: 0, df: 0, ...groups.get(name) }));
    const found = named.find(({ df }) => df >= KNOWN_DF) ?? named.findLast(({ df }) => df > 0);
    return found && { name: found.name, variance: found.squares / found.df, df: found.df };
  };
}
