import { dot, multiply, pseudoInverse } from "../../../bench/stats/math/matrix.ts";
import { onceForList } from "../../../bench/stats/math/memo.ts";
import type { Difference } from "./bound.ts";
import type { PairedBlock, Visit } from "../types.ts";

/** Differences between the scores of arms, as some blocks show them. */
export interface Contrasts {
  /** The variance of one visit's noise; NaN: not known. */
  readonly noise: number;
  /** Its degrees of freedom. */
  readonly df: number;
  /** The ids of the arms that have a score, in the order of `levels`. */
  readonly measured: ReadonlySet<string>;
  /** Their scores. All may be off by one common number. */
  readonly levels: Float64Array;
  /** Times the noise: the covariances of the levels (row-major). They are right for differences of levels alone. */
  readonly spread: Float64Array;
  /** Arm `a` minus arm `b`; null: the blocks do not tell it. */
  between(a: string, b: string): Difference | null;
}

/** The visits that have a score, by block. A block is left out if no block before it compares one of its arms with the rule. */
function scoredBlocks(blocks: readonly PairedBlock[], rule: string): Visit[][] {
  const linked = new Set([rule]);
  return blocks
    .map(({ visits }) => visits.filter((v) => v.score !== null))
    .filter((visits) => {
      const says = visits.length > 1 && visits.some((v) => linked.has(v.arm));
      if (says) for (const { arm } of visits) linked.add(arm);
      return says;
    });
}

/** What some blocks have shown, by the rule's id. A race asks for it again and again. */
const shownBy = onceForList((_: readonly PairedBlock[]) => new Map<string, Contrasts>());

/**
 * The differences between arms, by least squares of score = arm + block + noise. Arms that were never in one block are compared
 * by what they have in common with others.
 *
 * @param rule the id of the arm with which every other must be connected by blocks
 */
export function contrasts(blocks: readonly PairedBlock[], rule: string): Contrasts {
  const known = shownBy(blocks);
  const shown = known.get(rule) ?? leastSquares(scoredBlocks(blocks, rule));
  known.set(rule, shown);
  return shown;
}

function leastSquares(scored: readonly Visit[][]): Contrasts {
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
  const { matrix: spread, rank } = pseudoInverse(information);
  const levels = multiply(spread, sums);
  const df = scored.flat().length - scored.length - rank;
  const noise = df > 0 ? Math.max(0, squares - dot(levels, sums)) / df : NaN;
  const between = (a: string, b: string): Difference | null => {
    const [i, j] = [index.get(a), index.get(b)];
    if (i === undefined || j === undefined) return null;
    const at = (row: number, column: number) => spread[row * size + column] as number;
    const pairs = 2 / (at(i, i) - at(i, j) - at(j, i) + at(j, j));
    return { value: (levels[i] as number) - (levels[j] as number), noise, df, pairs };
  };
  return { noise, df, measured: new Set(index.keys()), levels, spread, between };
}
