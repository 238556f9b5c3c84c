import { dot, multiply, rowOf } from "../math/matrix.ts";
import { type BlockSums, type Sample, type Solved, blockSums, solve, total } from "./blocks.ts";

/** A variance that was estimated, with the degrees of freedom of the estimate. */
export interface Component {
  readonly variance: number;
  readonly df: number;
}

/** What visits to one machine in one round have in common. */
export interface Shared extends Component {
  /** `variance` and the share that visits' own noise has in the means that it was estimated from: what `df` belongs to. */
  readonly ofMeans: number;
}

/** What measuring alone does to a visit's figure. */
export interface Noise {
  /** A visit's own noise, all visits alike; undefined where nothing was measured twice. */
  readonly own: Component | undefined;
  /**
   * What visits of one machine and round have in common (beyond their round, where rounds are swept out). Undefined where the
   * cells that were measured twice do not show it.
   */
  readonly shared: Shared | undefined;
  /** A visit's own noise by what it is alike; as many names as there are different components. */
  of(alike: readonly string[]): Component & { readonly name: string };
}

/** Fewer degrees of freedom than this, and a group's noise is not known by itself. */
const KNOWN_DF = 3;

/**
 * The noise of a run: a visit's own, and what the visits of a machine in one round have in common, because rounds last
 * minutes and what slows a machine down for a while slows all that it serves then. Both by least squares on the cells that
 * were measured twice: a level for each cell, and then one for each round of each machine; what the second adds is what is
 * common (Henderson's method 3), what is left is the visits' own.
 *
 * A group of which too few cells were measured twice is taken to be as noisy as the noisiest one that is known, or as its few
 * cells say, whichever is more.
 *
 * @param swept rounds are swept out of what is estimated: what all machines of a round have in common does not count
 */
export function noiseOf(samples: readonly Sample[], { swept }: { readonly swept: boolean }): Noise {
  const { machines, samples: repeated, cells, squares } = blockSums(samples);
  const fine = machines.map((m) => ({ ...m, ...solve(m) }));
  const rank = fine.reduce((sum, m) => sum + m.rank, 0);
  const explained = fine.reduce((sum, m) => sum + m.explained, 0);
  const common = swept ? total(machines) : undefined;
  const coarse = common && solve(common);
  const between = { squares: explained - (coarse?.explained ?? 0), df: rank - (coarse?.rank ?? 0) };
  const within = { squares: Math.max(0, squares - explained), df: repeated.length - cells - rank };
  if (within.df + between.df <= 0) return { own: undefined, shared: undefined, of: () => UNKNOWN };
  // So few visits that what rounds share cannot be separated from noise: all of it is taken for the visits' own.
  const merged = within.df <= 0;
  const [left, df] = merged ? [within.squares + between.squares, between.df] : [within.squares, within.df];
  const own = { variance: left / df, df };
  if (merged) return { own, shared: { variance: 0, ofMeans: 0, df }, of: () => ({ ...own, name: "" }) };
  return {
    own,
    shared: between.df <= 0 ? undefined : sharedNoise(between, own, coupling(machines, coarse?.matrix)),
    of: byGroup(repeated, fine, own),
  };
}

const UNKNOWN = { variance: NaN, df: 0, name: "" };

/** How many visits a machine and round have in common, summed over degrees of freedom: what multiplies the variance there. */
function coupling(machines: readonly BlockSums[], coarse: Float64Array | undefined): number {
  let sum = 0;
  for (const { information, score } of machines)
    for (let i = 0; i < score.length; i++) {
      const row = rowOf(information, i, score.length);
      sum += row[i] as number;
      if (coarse !== undefined) sum -= dot(rowOf(coarse, i, score.length), multiply(information, row));
    }
  return sum;
}

function sharedNoise(between: { squares: number; df: number }, own: Component, coupled: number): Shared {
  const perMean = coupled / between.df;
  const variance = Math.max(0, (between.squares / between.df - own.variance) / perMean);
  return { variance, df: between.df, ofMeans: variance + own.variance / perMean };
}

/** Noise by group, from residuals of the finest model; degrees of freedom by each group's share of the visits. */
function byGroup(repeated: readonly Sample[], machines: readonly (BlockSums & Solved)[], own: Component): Noise["of"] {
  const groups = new Map<string, { squares: number; free: number }>();
  let free = 0;
  for (const { cells, levels } of machines)
    for (const visits of cells) {
      const left = visits.map((v) => v.deviation - (levels[v.block] as number));
      const centre = left.reduce((a, b) => a + b, 0) / left.length;
      const squares = left.reduce((sum, r) => sum + (r - centre) ** 2, 0);
      free += visits.length - 1;
      for (const name of new Set(visits[0]?.sample.alike)) {
        const group = groups.get(name) ?? { squares: 0, free: 0 };
        groups.set(name, { squares: group.squares + squares, free: group.free + visits.length - 1 });
      }
    }
  const known = new Map<string, Component>();
  const guessed = new Map<string, Component>();
  for (const [name, group] of groups) {
    const df = (group.free * own.df) / free;
    if (df >= 1) (df >= KNOWN_DF ? known : guessed).set(name, { variance: group.squares / df, df });
  }
  const broad = new Set(repeated.flatMap((s) => s.alike.at(-1) ?? []));
  const noisiest = [...broad].flatMap((name) => known.get(name) ?? []).reduce(larger, own);
  return (alike) => {
    const name = alike.find((a) => known.has(a));
    if (name !== undefined) return { ...(known.get(name) ?? own), name };
    const broadest = alike.at(-1) ?? "";
    const guess = guessed.get(broadest);
    return guess === undefined ? { ...noisiest, name: "" } : { ...larger(noisiest, guess), name: broadest };
  };
}

const larger = (a: Component, b: Component) => (b.variance > a.variance ? b : a);
