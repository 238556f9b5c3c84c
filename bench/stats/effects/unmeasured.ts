import type { Levels } from "./design.ts";
import type { Propagated } from "./propagation.ts";
import type { Observation, Regression, SetAside } from "./regression.ts";

/** Combinations of levels that an average is over and that nothing was measured of, or nothing that counts. */
export interface Unmeasured {
  /** How many there are. */
  readonly count: number;
  /** What the model leaves unexplained of a cell, as a standard deviation; NaN if no cell shows it. */
  readonly misfit: number;
  readonly df: number;
  /** What is averaged, as a weight for each combination: the cells at some levels. */
  target(at: Levels): Float64Array;
  /** A combination's weights from those of visits. */
  gather(pull: Float64Array): Float64Array;
}

/** The combinations of a fit's levels of which there is no cell, and how far its model can be trusted to predict them. */
export function unmeasured(
  observations: readonly Observation[],
  fit: Regression,
  out: SetAside | undefined,
): Unmeasured {
  const { factors } = fit.design.spec;
  const grid = factors.reduce<readonly Levels[]>(
    (all, f) => all.flatMap((at) => (fit.design.levels[f] ?? []).map((level) => ({ ...at, [f]: level }))),
    [{}],
  );
  const key = (levels: Levels) => factors.map((f) => levels[f]).join("\0");
  const numbers = new Map(grid.map((levels, g) => [key(levels), g]));
  const gridOf = observations.map((o) => numbers.get(key(o.levels)) as number);
  const gone = new Set(out?.indices);
  const measured = new Set(gridOf.filter((_, i) => !gone.has(i)));
  const df = fit.cells.count - gone.size - fit.design.width - 1;
  const lack = fit.cellMeans(out?.residuals ?? fit.residuals).reduce((sum, r) => sum + r ** 2, 0);
  return {
    count: grid.length - measured.size,
    misfit: df > 0 ? Math.sqrt(lack / df) : NaN,
    df,
    target(at) {
      const named = Object.entries(at).filter(([f]) => factors.includes(f));
      const inside = grid.map((levels) => named.every(([f, level]) => levels[f] === level));
      const count = inside.filter(Boolean).length;
      return Float64Array.from(inside, (is) => (is ? 1 / count : 0));
    },
    gather(pull) {
      const weight = new Float64Array(grid.length);
      gridOf.forEach((g, i) => (weight[g] = (weight[g] as number) + (pull[i] as number)));
      return weight;
    },
  };
}

/**
 * An error of measuring with that of the model where it predicts cells: what each combination counts for more or less than
 * in the average, times the misfit of a cell. Degrees of freedom after Satterthwaite.
 */
export function withMisfit(
  known: Propagated,
  { misfit, df }: Pick<Unmeasured, "misfit" | "df">,
  difference: Float64Array,
): Propagated {
  const extra = misfit ** 2 * difference.reduce((sum, d) => sum + d ** 2, 0);
  const variance = known.variance + extra;
  const below = known.variance ** 2 / known.df + extra ** 2 / df;
  return {
    ...known,
    variance,
    df: known.df > 0 && df > 0 ? (below === 0 ? known.df : variance ** 2 / below) : 0,
    moves: Float64Array.from([...known.moves, ...difference.map((d) => d * misfit)]),
  };
}
