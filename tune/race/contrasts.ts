import { dot, multiply, pseudoInverse } from "../../bench/stats/math/matrix.ts";
import type { Difference } from "./bound.ts";
import type { PairedBlock, Visit } from "./types.ts";

/** What blocks say of differences between arms. */
export interface Contrasts {
  /** The variance of one visit's noise, NaN where it is not known, and its degrees of freedom. */
  readonly noise: number;
  readonly df: number;
  readonly measured: ReadonlySet<string>;
  /** Arm `a` minus arm `b`; null where the blocks do not tell it. */
  between(a: string, b: string): Difference | null;
}

/** The visits with a score, by block. A block in which the rule has none compares its arms with nothing and is left out. */
export function scoredBlocks(blocks: readonly PairedBlock[], rule: string): Visit[][] {
  return blocks
    .map(({ visits }) => visits.filter((v) => v.score !== null))
    .filter((visits) => visits.length > 1 && visits.some((v) => v.arm === rule));
}

/**
 * Least squares of score = arm + block + noise. Arms that were never in one block are compared by what they have in common with
 * others: the rule is in every block.
 */
export function contrasts(blocks: readonly PairedBlock[], rule: string): Contrasts {
  const scored = scoredBlocks(blocks, rule);
  const index = new Map<string, number>();
  for (const { arm } of scored.flat()) if (!index.has(arm)) index.set(arm, index.size);
  const size = index.size;
  const information = new Float64Array(size ** 2);
  const sums = new Float64Array(size);
  let squares = 0;
  for (const visits of scored) {
    const at = visits.map((v) => index.get(v.arm) as number);
    const centre = visits.reduce((sum, v) => sum + (v.score as number), 0) / visits.length;
    visits.forEach((v, i) => {
      const y = (v.score as number) - centre;
      const row = at[i] as number;
      squares += y ** 2;
      sums[row] = (sums[row] as number) + y;
      for (const [j, column] of at.entries())
        information[row * size + column] =
          (information[row * size + column] as number) + (i === j ? 1 : 0) - 1 / visits.length;
    });
  }
  const { matrix, rank } = pseudoInverse(information);
  const levels = multiply(matrix, sums);
  const df = scored.flat().length - scored.length - rank;
  const noise = df > 0 ? Math.max(0, squares - dot(levels, sums)) / df : NaN;
  const between = (a: string, b: string): Difference | null => {
    const [i, j] = [index.get(a), index.get(b)];
    if (i === undefined || j === undefined) return null;
    const at = (row: number, column: number) => matrix[row * size + column] as number;
    const pairs = 2 / (at(i, i) - at(i, j) - at(j, i) + at(j, j));
    return { value: (levels[i] as number) - (levels[j] as number), noise, df, pairs };
  };
  return { noise, df, measured: new Set(index.keys()), between };
}
