import { random } from "../stats/math/random.ts";

/**
 * The order of a round's cells: shuffled by seed and round alone, so that drift does not land on one cell.
 *
 * @param blockOf cells of one block are visited together: the blocks are shuffled, and the cells within each. Default: each cell is
 * one
 */
export function roundOrder<T>(cells: readonly T[], seed: number, round: number, blockOf?: (cell: T) => string): T[] {
  const order = shuffled(cells, seed, round);
  if (blockOf === undefined) return order;
  const blocks = Map.groupBy(order, blockOf);
  // By name, so that a block of many cells comes first no more often than one of few.
  const names = shuffled([...blocks.keys()].sort(), seed, round);
  return names.flatMap((name) => blocks.get(name) ?? []);
}

function shuffled<T>(cells: readonly T[], seed: number, round: number): T[] {
  const stream = random((seed ^ Math.imul(round + 1, 0x9e3779b1)) | 0);
  const order = [...cells];
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
