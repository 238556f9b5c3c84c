import { random } from "../stats/math/random.ts";

/**
 * The order of a round's cells: shuffled by seed and round alone, so that drift does not land on one cell.
 *
 * @param blocksOf cells of one block are visited together: the blocks are shuffled, and what is within each. The first function makes the
 * widest blocks, the next those within them, and so on; within the last the cells are shuffled. None: all cells are
 */
export function roundOrder<T>(
  cells: readonly T[],
  seed: number,
  round: number,
  ...blocksOf: readonly ((cell: T) => string)[]
): T[] {
  // Each block's inside has an order of its own.
  const grouped = (own: readonly T[], [blockOf, ...finer]: readonly ((cell: T) => string)[], salt = 0): T[] => {
    if (blockOf === undefined) return [...own];
    const blocks = Map.groupBy(own, blockOf);
    // By name, so that a block of many cells comes first no more often than one of few.
    const names = shuffled([...blocks.keys()].sort(), seed ^ salt, round);
    return names.flatMap((name, i) => grouped(blocks.get(name) ?? [], finer, Math.imul(salt + i + 1, 0x85ebca6b)));
  };
  return grouped(shuffled(cells, seed, round), blocksOf);
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
